"""Where things are between the pictures that were looked at; pure functions of time.

Fewer pictures are processed than a video shows. Between two that are close, a box moves evenly from its place in the
one to that in the other; over a longer gap there is no box, because nobody knows.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spoton_gateway.videos.canvas import Box

PERSON = "person"


@dataclass(frozen=True, slots=True)
class Track:
    """The boxes of one tracklet of a camera: scene times (seconds, growing), boxes, identities as they are now."""

    track_id: int
    class_name: str
    times_s: Sequence[float]
    boxes: Sequence[Box]
    global_ids: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """A box at a moment."""

    track_id: int
    class_name: str
    box: Box
    global_id: int | None

    @property
    def is_person(self) -> bool:
        """Whether it is a person and not an object."""
        return self.class_name == PERSON


@dataclass(frozen=True, slots=True)
class Walk:
    """An identity on the floor: scene times (seconds, growing) and places in metres."""

    global_id: int
    times_s: Sequence[float]
    places_m: Sequence[tuple[float, float]]


def seen_at(tracks: Sequence[Track], time_s: float, bridge_s: float, hold_s: float) -> Iterator[Seen]:
    """Yield the boxes at a time.

    ``bridge_s``: the longest gap over which a box moves on; ``hold_s``: how long it stays before its first and behind
    its last picture, and at the ends of longer gaps.
    """
    for track in tracks:
        times = track.times_s
        later = bisect_right(times, time_s)
        before, after = later - 1, later
        if before >= 0 and after < len(times) and times[after] - times[before] <= bridge_s:
            share = (time_s - times[before]) / (times[after] - times[before])
            box = _between(track.boxes[before], track.boxes[after], share)
            yield Seen(track.track_id, track.class_name, box, track.global_ids[before])
        elif before >= 0 and time_s - times[before] <= hold_s:
            yield Seen(track.track_id, track.class_name, track.boxes[before], track.global_ids[before])
        elif after < len(times) and times[after] - time_s <= hold_s:
            yield Seen(track.track_id, track.class_name, track.boxes[after], track.global_ids[after])


def place_at(walk: Walk, time_s: float, bridge_s: float) -> tuple[float, float] | None:
    """Return where somebody is on the floor, metres; None if that is not known at this time."""
    times = walk.times_s
    later = bisect_right(times, time_s)
    if not later or later == len(times):
        near = 0 if not later else len(times) - 1
        return walk.places_m[near] if times and abs(times[near] - time_s) <= bridge_s / 2 else None
    before, after = walk.places_m[later - 1], walk.places_m[later]
    if times[later] - times[later - 1] > bridge_s:
        return before if time_s - times[later - 1] <= bridge_s / 2 else None
    share = (time_s - times[later - 1]) / (times[later] - times[later - 1])
    return before[0] + (after[0] - before[0]) * share, before[1] + (after[1] - before[1]) * share


def trail(walk: Walk, time_s: float, length_s: float) -> list[tuple[float, tuple[float, float]]]:
    """Return the times and places of the last seconds of somebody's way."""
    first, last = bisect_right(walk.times_s, time_s - length_s), bisect_right(walk.times_s, time_s)
    return list(zip(walk.times_s[first:last], walk.places_m[first:last], strict=True))


def _between(first: Box, second: Box, share: float) -> Box:
    x1, y1, x2, y2 = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return x1, y1, x2, y2
