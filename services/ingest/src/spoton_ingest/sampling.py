"""Which frames of a video stand for which ticks of the task's clock. In exact arithmetic, which does not drift."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

_FASTEST_LOSSLESS = Fraction(3, 4)
"""Shortest frame interval, in ticks, at which every frame should find a tick of its own."""

_JITTER = Fraction(1, 4)
"""How far beyond half a tick such a frame may be moved, in ticks, so that jitter around a border loses no frame."""

_WHOLE = Fraction(1, 10)
"""A length this close to a whole number of frame intervals, in intervals, is that number: timestamps are rounded."""


@dataclass(frozen=True, slots=True)
class CameraClock:
    """A camera on the task's clock: tick k is at ``k / fps`` seconds, camera time 0 at ``offset_s``."""

    fps: Fraction
    offset_s: Fraction

    def ticks(self, camera_time_s: Fraction) -> Fraction:
        """Return where a camera time lies, in ticks."""
        return (camera_time_s + self.offset_s) * self.fps


@dataclass(frozen=True, slots=True)
class PlannedFrame:
    """A frame to publish; ``pts`` names it in its video, ``camera_time_s`` is its own time."""

    tick: int
    camera_frame_index: int
    pts: int
    camera_time_s: Fraction


@dataclass(frozen=True, slots=True)
class VideoTiming:
    """Presentation times of a video's frames: sorted, each once, at least one; ``rate`` is what its header says."""

    pts: tuple[int, ...]
    time_base: Fraction
    rate: Fraction | None = None

    def interval_s(self) -> Fraction:
        """Return the usual time between two frames: the header's where the frames agree, else their median."""
        gaps = [later - earlier for earlier, later in pairwise(self.pts)]
        if not gaps:
            return 1 / self.rate if self.rate else Fraction(0)
        usual = median_low(gaps) * self.time_base
        # Half a unit of rounding at each end, and some play.
        if self.rate and abs(1 / self.rate - usual) <= self.time_base + usual / 20:
            return 1 / self.rate
        return usual

    def duration_s(self) -> Fraction:
        """Return the time from the first frame to the end of the last one.

        From the frames, not from the container, whose figure is often off by some of a frame.
        """
        length, interval = (self.pts[-1] - self.pts[0]) * self.time_base, self.interval_s()
        if not interval:
            return length
        whole = round(length / interval)
        if abs(length / interval - whole) <= _WHOLE:
            return (whole + 1) * interval
        return length + interval


def plan_frames(
    timing: VideoTiming, start_s: Fraction, clock: CameraClock, first_tick: int, first_index: int
) -> list[PlannedFrame]:
    """Choose for each tick of a video the nearest frame, within half a tick; each frame serves one tick at most.

    Of all such choices the one with the most frames, then the one with the smallest sum of distances. A video whose
    frames come about once a tick, or more seldom, keeps them all although they jitter: see ``_JITTER``.

    ``start_s``: camera time of the first frame. ``first_tick``: first one that is not taken by an earlier video.
    """
    origin = timing.pts[0]
    times = [start_s + (pts - origin) * timing.time_base for pts in timing.pts]
    lossless = timing.interval_s() * clock.fps >= _FASTEST_LOSSLESS
    unit = (clock.ticks(start_s).denominator * (timing.time_base * clock.fps).denominator) * 4
    positions = [int(clock.ticks(time) * unit) for time in times]
    end = int(clock.ticks(start_s + timing.duration_s()) * unit)
    reach = int((Fraction(1, 2) + (_JITTER if lossless else 0)) * unit)
    pairs = _match(positions, unit, reach, first_tick, end)
    return [
        PlannedFrame(tick, first_index + i, timing.pts[frame], times[frame]) for i, (frame, tick) in enumerate(pairs)
    ]


_Node = tuple["_Node | None", int, int]
_Choice = tuple[int, int, _Node | None]  # frames used, minus the sum of distances, the pairs as a linked list


def _match(positions: Sequence[int], unit: int, reach: int, first_tick: int, end: int) -> list[tuple[int, int]]:
    """Pair frames with ticks, both growing; positions, reach and end are in 1/unit ticks.

    Dynamic programming over the frames; ``best`` holds the best choice by the last tick it uses, of which only the
    few within a frame's reach matter.
    """
    best: dict[int, _Choice] = {first_tick - 1: (0, 0, None)}
    for frame, position in enumerate(positions):
        low = max(first_tick, -((reach - position) // unit))
        high = min((position + reach) // unit, (end - 1) // unit)
        best = _forget_before(best, low - 1)
        reached = {}
        for tick in range(low, high + 1):
            used, cost, node = max((c for t, c in best.items() if t < tick), key=_worth)
            reached[tick] = (used + 1, cost - abs(position - tick * unit), (node, frame, tick))
        for tick, choice in reached.items():
            if tick not in best or _worth(choice) > _worth(best[tick]):
                best[tick] = choice
    node = max((best[tick] for tick in sorted(best)), key=_worth)[2]
    pairs = []
    while node is not None:
        node, frame, tick = node
        pairs.append((frame, tick))
    return pairs[::-1]


def _worth(choice: _Choice) -> tuple[int, int]:
    return choice[:2]


def _forget_before(best: dict[int, _Choice], tick: int) -> dict[int, _Choice]:
    """Keep of all choices that end at ``tick`` or before only the best."""
    older = [choice for t, choice in best.items() if t <= tick]
    kept = {t: choice for t, choice in best.items() if t > tick}
    return {tick: max(older, key=_worth), **kept} if older else kept
