"""Floor evidence of all pairs of tracklets, of which only the pairs that still grow are weighed anew.

A solve looks at hundreds of tracklets of which a few dozen have changed since the last one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.evidence import floor_evidence
from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.tracklets import Tracklet

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
_Key = tuple[int, int, int, int]

_SHIFT_STEP_M = 0.03  # planes are shifted in steps: each step costs all distances of the window anew


@dataclass(slots=True)
class FloorTable:
    """What is known from the last update. State pickles."""

    _rows: dict[_Key, int] = field(default_factory=dict)
    _lengths: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _odds: Matrix = field(default_factory=lambda: np.zeros((0, 0)))
    _shifts: Matrix | None = None

    def update(
        self, tracklets: Sequence[Tracklet], shifts: Matrix, fps: float, parameters: EvidenceParameters
    ) -> tuple[Matrix, Matrix]:
        """Weigh tracklets of different cameras that were seen at the same time.

        Args:
            tracklets: N, in any order.
            shifts: (cameras, cameras, 2) metres by which the second camera's plane lies off the first's.
            fps: frames per second.
            parameters: slopes and bounds.

        Returns:
            (N, N) symmetric log-odds, and the shifts that were used.

        """
        if self._shifts is None or float(np.abs(shifts - self._shifts).max(initial=0)) > _SHIFT_STEP_M:
            self._shifts = shifts
            self._rows = {}
        lengths = np.array([len(t.frames) - len(t.filled) for t in tracklets], np.int64)
        odds, settled = self._recall(tracklets, lengths)
        paths: dict[int, Matrix] = {}
        for first in np.flatnonzero(~settled).tolist():
            others = _partners(tracklets, first, settled)
            if len(others):
                row = _row(tracklets, first, others, paths, self._shifts, fps, parameters)
                odds[first, others] = odds[others, first] = row
        self._rows = {tracklet.key: row for row, tracklet in enumerate(tracklets)}
        self._lengths, self._odds = lengths, odds
        return odds.copy(), self._shifts

    def _recall(self, tracklets: Sequence[Tracklet], lengths: NDArray[np.int64]) -> tuple[Matrix, Mask]:
        """Return the table as far as it holds, and which tracklets have not changed."""
        rows = np.array([self._rows.get(tracklet.key, -1) for tracklet in tracklets], np.int64)
        settled: Mask = rows >= 0
        settled[settled] = self._lengths[rows[settled]] == lengths[settled]
        odds = np.zeros((len(tracklets), len(tracklets)))
        places = np.flatnonzero(settled)
        odds[np.ix_(places, places)] = self._odds[np.ix_(rows[places], rows[places])]
        return odds, settled


def _partners(tracklets: Sequence[Tracklet], first: int, settled: Mask) -> list[int]:
    """List whom a changed tracklet is to be weighed against; of two changed ones, the first asks."""
    one = tracklets[first]
    start, end = one.frames[0], one.frames[-1]
    return [
        index
        for index, other in enumerate(tracklets)
        if other.camera != one.camera
        and other.frames[0] <= end
        and start <= other.frames[-1]
        and (settled[index] or index > first)
    ]


def _row(
    tracklets: Sequence[Tracklet],
    first: int,
    others: list[int],
    paths: dict[int, Matrix],
    shifts: Matrix,
    fps: float,
    parameters: EvidenceParameters,
) -> NDArray[np.float64]:
    for index in (first, *others):
        if index not in paths:
            paths[index] = tracklets[index].floor_path()
    one = tracklets[first]
    start, length = one.frames[0], len(paths[first])
    apart = np.full((len(others), length, 2), np.nan)
    for row, index in enumerate(others):
        offset = tracklets[index].frames[0] - start
        low, high = max(0, offset), min(length, offset + len(paths[index]))
        shift = shifts[one.camera, tracklets[index].camera]
        apart[row, low:high] = paths[first][low:high] - paths[index][low - offset : high - offset] + shift
    return floor_evidence(apart, fps, parameters)
