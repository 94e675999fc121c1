"""What the mapper takes and gives. Boxes are pixels of the source picture, floor positions metres."""

from collections.abc import Mapping
from dataclasses import dataclass

from .foresight import Foreseen

BBox = tuple[float, float, float, float]
"""Left, top, right, bottom, pixels."""


@dataclass(frozen=True, slots=True)
class FloorScene:
    """What the mapper must know of a place.

    Attributes:
        homographies: by camera id, nine numbers row by row, image pixel (u, v, 1) to floor metres, signed as
            `spoton_common.geometry.Homography` wants it. Cameras that are not named have no floor.
        monitored_area: corners, metres; empty: everywhere.

    """

    homographies: Mapping[str, tuple[float, ...]]
    monitored_area: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TrackedBox:
    """One tracked person in one picture.

    Attributes:
        global_id: identity; None: none (yet).
        visibility: share of the box that no nearer box hides, 0 to 1.

    """

    track_id: int
    global_id: int | None
    bbox_xyxy: BBox
    visibility: float = 1.0


@dataclass(frozen=True, slots=True)
class CameraFrame:
    """One camera's picture at a tick."""

    camera_id: str
    image_width: int
    image_height: int
    boxes: tuple[TrackedBox, ...]


@dataclass(frozen=True, slots=True)
class MapFrame:
    """All cameras at one tick; `event_time_us` is scene time and grows from frame to frame."""

    event_time_us: int
    cameras: tuple[CameraFrame, ...]


@dataclass(frozen=True, slots=True)
class MappedBox:
    """Where one box's foot stands by its own camera, not smoothed.

    Attributes:
        position_m: (x, y); None without homography, over the horizon, or too far away to be told.
        is_monitored: whether that lies in the monitored area; None without position.

    """

    track_id: int
    global_id: int | None
    position_m: tuple[float, float] | None
    is_monitored: bool | None


@dataclass(frozen=True, slots=True)
class MappedCamera:
    """The boxes of one camera, in the order in which they came."""

    camera_id: str
    boxes: tuple[MappedBox, ...]


@dataclass(frozen=True, slots=True)
class PersonEstimate:
    """One identity's position, fused over cameras and smoothed over time.

    Attributes:
        position_m: (x, y).
        velocity_m_s: (vx, vy).
        std_m: standard deviation of the position, root mean square of both axes.
        camera_ids: cameras whose observations went into it at this tick, sorted; empty: carried on.
        is_monitored: whether the position lies in the monitored area.
        foreseen: the next seconds of the path.

    """

    global_id: int
    position_m: tuple[float, float]
    velocity_m_s: tuple[float, float]
    std_m: float
    camera_ids: tuple[str, ...]
    is_monitored: bool
    foreseen: tuple[Foreseen, ...]


@dataclass(frozen=True, slots=True)
class MappedFrame:
    """The answer to a `MapFrame`: cameras in its order, people sorted by identity."""

    event_time_us: int
    cameras: tuple[MappedCamera, ...]
    people: tuple[PersonEstimate, ...]
