"""What is seen of things and people, and what happens to things."""

from dataclasses import dataclass, replace
from enum import StrEnum

from spoton_mapper.objects.boxes import BBox

MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Moment:
    """A tick and its scene time, microseconds."""

    tick: int
    time_us: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in one picture.

    Attributes:
        covers: share of the thing's box that this person's box covers.
        position_m: floor position by this camera; None without homography.

    """

    track_id: int
    global_id: int | None
    bbox_xyxy: BBox
    covers: float
    position_m: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One box of a thing in one picture; `person`: who touches it, if anybody does."""

    tick: int
    time_us: int
    bbox_xyxy: BBox
    class_name: str
    track_id: int
    confidence: float
    position_m: tuple[float, float] | None
    person: Person | None


class Deed(StrEnum):
    """What was done to a thing; the types of the events."""

    PICKED_UP = "object_picked_up"
    PUT_BACK = "object_put_back"


@dataclass(frozen=True, slots=True)
class Happening:
    """A thing was picked up or put back.

    Attributes:
        thing: its number, one for each thing of a camera as long as it can be followed.
        seen: it at the moment: the last sighting at rest before, or the first one after.
        person: who did it, where somebody was seen to touch it.
        certainty: 0 to 1.

    """

    deed: Deed
    thing: int
    class_name: str
    seen: Sighting
    person: Person | None
    certainty: float


def seconds(earlier: Sighting, later: Sighting) -> float:
    """Return the time from one sighting to another."""
    return (later.time_us - earlier.time_us) / MICROS


def between(earlier: Sighting, later: Sighting) -> Sighting:
    """Return the later sighting, dated to the middle of the time from the earlier one to it."""
    return replace(later, tick=(earlier.tick + later.tick + 1) // 2, time_us=(earlier.time_us + later.time_us) // 2)
