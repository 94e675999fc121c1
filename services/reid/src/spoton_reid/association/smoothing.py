"""Where somebody was in a camera's picture, as the boxes around a moment say.

A detector boxes what it sees: half of somebody behind a pillar, two people who meet as one. Most such mistakes last
for a frame or three. A line through the boxes of a person around a moment, on which boxes far off it count little
(iteratively reweighted least squares; Holland & Welsch 1977), goes past them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.parameters import SmoothingParameters
from spoton_reid.association.tracklets import Tracklet
from spoton_reid.association.values import Box

Matrix = NDArray[np.float64]
Key = tuple[int, int]  # camera, identity

_ROUNDS = 4  # of reweighting: more change little


@dataclass(frozen=True, slots=True)
class FoundBoxes:
    """Where the people of each camera were found.

    Attributes:
        rows: of each camera and identity.
        first: frame of the first column.
        boxes: (K, T, 4) pixels; 0 where nobody was found.
        confidences: (K, T) of the detector; 0 where nobody was found.

    """

    rows: dict[Key, int]
    first: int
    boxes: Matrix
    confidences: Matrix

    def smooth(self, frame: int, keys: Sequence[Key], fps: float, parameters: SmoothingParameters) -> dict[Key, Box]:
        """Say where people were at a frame: those who were found often enough around it."""
        reach = max(1, round(parameters.reach_s * fps))
        start = frame - reach - self.first
        columns = np.arange(max(0, start), max(0, min(self.confidences.shape[1], start + 2 * reach + 1)))
        offsets = columns + self.first - frame
        rows = np.array([self.rows[key] for key in keys if key in self.rows], np.int64)
        weights = self.confidences[rows[:, None], columns] * (1 - (offsets / (reach + 1)) ** 2)
        known = (weights[:, offsets != 0] > 0).sum(axis=1) >= parameters.least_boxes
        if not known.any():
            return {}
        boxes = _fit(self.boxes[rows[known][:, None], columns], weights[known], offsets / fps, parameters.scale)
        told = (key for key in keys if key in self.rows)
        found = (key for key, is_known in zip(told, known.tolist(), strict=True) if is_known)
        return {key: (x1, y1, x2, y2) for key, (x1, y1, x2, y2) in zip(found, boxes.tolist(), strict=True)}


def collect_boxes(tracklets: Sequence[Tracklet], first: int, last: int) -> FoundBoxes:
    """Collect the boxes that were found of named tracklets from one frame to another."""
    named = [t for t in tracklets if t.name and t.frames[-1] >= first and t.frames[0] <= last]
    keys = sorted({(tracklet.camera, tracklet.name) for tracklet in named})
    rows = {key: row for row, key in enumerate(keys)}
    boxes, confidences = np.zeros((len(rows), last - first + 1, 4)), np.zeros((len(rows), last - first + 1))
    for tracklet in named:
        row = rows[tracklet.camera, tracklet.name]
        frames, found, certain = tracklet.found(first, last)
        boxes[row, frames - first], confidences[row, frames - first] = found, certain
    return FoundBoxes(rows, first, boxes, confidences)


def _fit(boxes: Matrix, weights: Matrix, times: Matrix, scale: float) -> Matrix:
    """Say where each path is at time 0: on robust lines through middle, top, width and foot.

    Args:
        boxes: (K, T, 4).
        weights: (K, T), 0 where there is no box.
        times: (T,)
        scale: share of a box's height from which on a deviation counts less.

    Returns:
        (K, 4) boxes that reach no farther than those around.

    """
    values = np.stack([boxes[..., 0] + boxes[..., 2], boxes[..., 1], boxes[..., 2] - boxes[..., 0], boxes[..., 3]], -1)
    values[..., 0] /= 2
    known = (weights > 0)[:, :, None]
    line = _medians(values, known)
    tolerance = scale * (line[:, 3] - line[:, 1])[:, None, None]
    level, slope, slack = line, np.zeros_like(line), 3.0  # nobody moves, at first
    when = times[None, :, None]
    for _ in range(_ROUNDS):
        away = (values - level[:, None] - slope[:, None] * when) / (slack * tolerance)
        level, slope = _line(values, when, weights[:, :, None] / (1 + away**2))
        slack = 1.0
    middle, top, half, foot = level[:, 0], level[:, 1], level[:, 2] / 2, level[:, 3]
    fitted = np.stack([middle - half, top, middle + half, foot], axis=1)
    least, most = np.where(known, boxes, np.inf).min(axis=1), np.where(known, boxes, -np.inf).max(axis=1)
    return np.clip(fitted, least, most)


def _line(values: Matrix, when: Matrix, weights: Matrix) -> tuple[Matrix, Matrix]:
    """Fit lines by weighted least squares; return where they are at 0, and how steep."""
    total = weights.sum(axis=1)
    shares = weights / total[:, None]
    time, value = (shares * when).sum(axis=1), (shares * values).sum(axis=1)
    spread = (shares * when**2).sum(axis=1) - time**2
    slope = ((shares * when * values).sum(axis=1) - time * value) / np.maximum(spread, 1e-9)
    return value - slope * time, slope


def _medians(values: Matrix, known: NDArray[np.bool_]) -> Matrix:
    """Return the medians of what is known: (K, T, 4), (K, T, 1) → (K, 4)."""
    ordered = np.sort(np.where(known, values, np.inf), axis=1)
    rows, counts = np.arange(len(values)), known[:, :, 0].sum(axis=1)
    middle: Matrix = (ordered[rows, (counts - 1) // 2] + ordered[rows, counts // 2]) / 2
    return middle
