"""Boxes, xyxy in pixels, compared with each other."""

import math
from collections.abc import Sequence
from statistics import median

BBox = tuple[float, float, float, float]
"""Left, top, right, bottom, pixels."""


def area(box: BBox) -> float:
    """Return square pixels."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def side(box: BBox) -> float:
    """Return the side of the square of the same area, pixels: what lengths are measured by."""
    return math.sqrt(area(box))


def shared_area(first: BBox, second: BBox) -> float:
    """Return the square pixels that both cover."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, width) * max(0.0, height)


def iou(first: BBox, second: BBox) -> float:
    """Return intersection over union, 0 to 1."""
    shared = shared_area(first, second)
    union = area(first) + area(second) - shared
    return shared / union if union > 0 else 0.0


def share_within(inner: BBox, outer: BBox) -> float:
    """Return which share of a box another one covers, 0 to 1."""
    size = area(inner)
    return shared_area(inner, outer) / size if size > 0 else 0.0


def distance(first: BBox, second: BBox) -> float:
    """Return pixels between the centres."""
    return math.hypot(first[0] + first[2] - second[0] - second[2], first[1] + first[3] - second[1] - second[3]) / 2


def grown(box: BBox, share: float) -> BBox:
    """Return the box with a margin all around, a share of its square side."""
    margin = share * side(box)
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin


def blend(old: BBox, new: BBox, weight: float) -> BBox:
    """Move a box towards another one."""
    left, top, right, bottom = (a + weight * (b - a) for a, b in zip(old, new, strict=True))
    return left, top, right, bottom


def middle_box(boxes: Sequence[BBox]) -> BBox:
    """Return the median of each edge of at least one box."""
    left, top, right, bottom = (median(edges) for edges in zip(*boxes, strict=True))
    return left, top, right, bottom
