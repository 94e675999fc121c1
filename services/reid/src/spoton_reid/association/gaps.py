"""Boxes for the moments at which nobody found a person who was there before and is there after.

Labels are published late, so the two ends of a short gap are known when its frames are published: the
boxes between are filled in, as trackers that work after the fact do (Zhang et al. 2022, ByteTrack).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from spoton_reid.association.tracklets import Tracklet
from spoton_reid.association.values import Box


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames between two boxes of one identity in one camera; the filled boxes become `tracklet`'s."""

    tracklet: Tracklet
    before: int
    after: int
    box_before: Box
    box_after: Box
    confidence: float

    def box(self, frame: int) -> Box:
        """Interpolate the box at a frame between."""
        share = (frame - self.before) / (self.after - self.before)
        x1, y1, x2, y2 = (a + (b - a) * share for a, b in zip(self.box_before, self.box_after, strict=True))
        return x1, y1, x2, y2

    def fill(self, frame: int, box: Box) -> None:
        """Give the tracklet a box at a frame; later evidence does not look at it."""
        tracklet = self.tracklet
        row = bisect_left(tracklet.frames, frame)
        tracklet.frames.insert(row, frame)
        tracklet.boxes.insert(row, box)
        tracklet.confidences.insert(row, self.confidence)
        tracklet.floors.insert(row, (float("nan"), float("nan")))
        tracklet.identities.insert(row, tracklet.name)
        tracklet.filled.append(frame)


def find_gaps(tracklets: Sequence[Tracklet], since: int, longest: int) -> list[Gap]:
    """Find the gaps of named tracklets that reach beyond a frame, in the order of the tracklets.

    Args:
        tracklets: with their present names, in the order of their keys.
        since: gaps that end at this frame or before are of no interest.
        longest: most frames from the box before to the box after.

    """
    gaps = []
    newest: dict[tuple[int, int], Tracklet] = {}
    for tracklet in tracklets:
        if not tracklet.name:
            continue
        first = max(0, bisect_right(tracklet.frames, since) - 1)
        frames = tracklet.frames
        breaks = [row for row in range(first, tracklet.end) if frames[row + 1] - frames[row] > 1]
        gaps += [_between(tracklet, row, tracklet, row + 1) for row in breaks]
        earlier = newest.get((tracklet.camera, tracklet.name))
        newest[tracklet.camera, tracklet.name] = tracklet
        if earlier is not None and tracklet.frames[0] > since:
            gaps.append(_between(earlier, earlier.end, tracklet, 0))
    return [gap for gap in gaps if 1 < gap.after - gap.before <= longest]


def _between(one: Tracklet, row: int, other: Tracklet, other_row: int) -> Gap:
    confidence = min(one.confidences[row], other.confidences[other_row])
    return Gap(one, one.frames[row], other.frames[other_row], one.boxes[row], other.boxes[other_row], confidence)
