"""What goes into association and what comes out of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class SceneCamera:
    """A camera of the scene.

    Attributes:
        camera_id: name, unique in the scene.
        homography: 3×3, image pixel (u, v, 1) of a foot → floor metres; None where uncalibrated.
        image_size_px: (width, height).

    """

    camera_id: str
    homography: NDArray[np.float64] | None
    image_size_px: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Scene:
    """What does not change during a task.

    Attributes:
        fps: ticks of the common clock per second of video.
        cameras: in a fixed order (by id), which breaks ties.
        monitored_area: polygon in floor metres; nobody outside gets an identity. None: everywhere.

    """

    fps: float
    cameras: tuple[SceneCamera, ...]
    monitored_area: tuple[Point, ...] | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One tracked box of one camera at one tick.

    Attributes:
        camera_id: of the scene.
        track_id: the tracker's, unique within the camera.
        bbox_xyxy: pixels of the camera's image.
        confidence: of the detector, 0..1.
        visibility: share of the box that nobody nearer covers, 0..1.
        embedding: unit vector, or None where no crop was embedded.
        floor_m: where the foot stands (see `foot_on_floor`), None where unknown.
        at_border: whether the image's border cuts the box (see `touches_border`).

    """

    camera_id: str
    track_id: int
    bbox_xyxy: Box
    confidence: float
    visibility: float
    embedding: NDArray[np.float32] | None
    floor_m: Point | None
    at_border: bool = False


@dataclass(frozen=True, slots=True)
class Bucket:
    """All cameras' observations of one tick; `without_picture` names the cameras that showed none."""

    global_frame_index: int
    observations: tuple[Observation, ...]
    without_picture: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FilledBox:
    """A person where none was found: between two boxes of one identity in one camera.

    Attributes:
        camera_id: of the scene.
        track_id: the tracklet that the box was added to.
        bbox_xyxy: as the boxes before and after say, pixels of the camera's image.
        confidence: of the weaker of the two boxes.
        identity: of both boxes.
        certainty: probability that it is right, 0..1.

    """

    camera_id: str
    track_id: int
    bbox_xyxy: Box
    confidence: float
    identity: int
    certainty: float


@dataclass(frozen=True, slots=True)
class LabelledBucket:
    """A bucket with the identities as published live: one per observation, None where there is none.

    Attributes:
        global_frame_index: the tick.
        observations: as they came.
        boxes: of each observation as published: the detector's, or a better one.
        identities: of each observation.
        certainties: probability that each identity is right, 0..1; None where there is none.
        filled: people between two boxes.

    """

    global_frame_index: int
    observations: tuple[Observation, ...]
    boxes: tuple[Box, ...]
    identities: tuple[int | None, ...]
    certainties: tuple[float | None, ...]
    filled: tuple[FilledBox, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentityRevision:
    """A correction of what was published: the track's observations in the range change identity.

    Attributes:
        camera_id: camera of the track.
        track_id: the track.
        first_frame: global frame index, inclusive.
        last_frame: global frame index, inclusive.
        old_identity: as published before, None for no identity.
        new_identity: from now on, None for no identity.

    """

    camera_id: str
    track_id: int
    first_frame: int
    last_frame: int
    old_identity: int | None
    new_identity: int | None


@dataclass(frozen=True, slots=True)
class IdentityAppearance:
    """What an identity looks like.

    Attributes:
        identity: its number.
        embedding: mean over its crops, (D,), unit length.
        crops: how many good crops that rests on, weighted by visibility.
        last_frame: global frame index at which it was last seen.

    """

    identity: int
    embedding: NDArray[np.float32]
    crops: float
    last_frame: int
