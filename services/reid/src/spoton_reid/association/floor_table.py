"""Floor evidence of all pairs of tracklets, added up tick by tick.

Each tick at which two cameras see both feet adds log-odds; a solve adds what is new since the last one, for the
tracklets in view. Pairs are added up anew only where a tracklet was cut or two planes turned out to lie otherwise.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.evidence import floor_evidence, floor_log_odds
from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.tracklets import Tracklet

Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]
_Key = tuple[int, int, int, int]

_SHIFT_STEP_M = 0.03  # planes are shifted in steps: each step adds up two cameras' pairs anew


@dataclass(slots=True)
class FloorTable:
    """Sums and counts of the last update. State pickles.

    Attributes:
        shifts: (cameras, cameras, 2) metres as applied: how far the second camera's plane lies off the first's.
        late: (cameras,) ticks by which a camera shows the same moment later than the others, as applied.

    """

    shifts: Matrix
    late: Rows
    _rows: dict[_Key, int] = field(default_factory=dict)
    _lengths: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    _sums: Matrix = field(default_factory=lambda: np.zeros((0, 0)))
    _counts: Matrix = field(default_factory=lambda: np.zeros((0, 0)))
    _until: int = -1

    def update(
        self, tracklets: Sequence[Tracklet], shifts: Matrix, late: Rows, fps: float, parameters: EvidenceParameters
    ) -> Matrix:
        """Weigh tracklets of different cameras that were seen at the same time.

        Args:
            tracklets: N, in any order.
            shifts: as estimated now.
            late: as estimated now.
            fps: frames per second.
            parameters: slopes and bounds.

        Returns:
            (N, N) symmetric log-odds, 0 for pairs never seen together.

        """
        moved = np.abs(shifts - self.shifts).max(axis=2) > _SHIFT_STEP_M
        self.shifts = np.where(moved[:, :, None], shifts, self.shifts)
        moved |= (late != self.late)[:, None] | (late != self.late)[None, :]
        self.late = late
        cameras = np.array([tracklet.camera for tracklet in tracklets], np.int64)
        fresh = self._recall(tracklets)
        behind = self.late.max() - self.late[cameras]  # what a camera showed so long ago is compared only now
        recent = np.flatnonzero(np.array([tracklet.frames[-1] for tracklet in tracklets]) + behind > self._until)
        start = self._until + 1 - int(self.late.max())
        self._add(tracklets, cameras, recent, recent, start, parameters, since=self._until)
        everyone = np.arange(len(tracklets))
        for row in fresh:
            self._restart(tracklets, cameras, np.array([row]), everyone, parameters)
        for one, other in np.argwhere(np.triu(moved)).tolist():
            pair = np.flatnonzero(cameras == one), np.flatnonzero(cameras == other)
            self._restart(tracklets, cameras, *pair, parameters)
        self._rows = {tracklet.key: row for row, tracklet in enumerate(tracklets)}
        self._lengths = np.array([len(tracklet.frames) for tracklet in tracklets], np.int64)
        self._until = max((tracklet.frames[-1] for tracklet in tracklets), default=self._until)
        return floor_evidence(self._sums, self._counts, fps, parameters)

    def __getstate__(self) -> dict[str, object]:
        """Write the pairs that were seen together only: of many tracklets few are."""
        state: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        met = np.nonzero(self._counts)
        state |= {"_sums": self._sums[met], "_counts": self._counts[met]}
        return {**state, "size": len(self._counts), "met": tuple(rows.astype(np.int32) for rows in met)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        size, met = state.pop("size"), state.pop("met")
        for name, value in state.items():
            setattr(self, name, value)
        for name in ("_sums", "_counts"):
            table = np.zeros((size, size))
            table[met] = state[name]
            setattr(self, name, table)

    def agreement(self) -> tuple[Matrix, Matrix]:
        """Return the mean log-odds of each pair at the last update, and from how many moments."""
        return self._sums / np.maximum(self._counts, 1.0), self._counts

    def _recall(self, tracklets: Sequence[Tracklet]) -> list[int]:
        """Bring the table into the tracklets' order; return those to add up anew: with a past, but cut since."""
        rows = np.array([self._rows.get(tracklet.key, -1) for tracklet in tracklets], np.int64)
        whole = rows >= 0
        whole[whole] = self._lengths[rows[whole]] <= [
            len(tracklet.frames) for tracklet, known in zip(tracklets, whole.tolist(), strict=True) if known
        ]
        places = np.flatnonzero(whole)
        for name in ("_sums", "_counts"):
            table = np.zeros((len(tracklets), len(tracklets)))
            table[np.ix_(places, places)] = getattr(self, name)[np.ix_(rows[places], rows[places])]
            setattr(self, name, table)
        return [row for row in np.flatnonzero(~whole).tolist() if tracklets[row].frames[0] <= self._until]

    def _restart(
        self, tracklets: Sequence[Tracklet], cameras: Rows, ones: Rows, others: Rows, parameters: EvidenceParameters
    ) -> None:
        for table in (self._sums, self._counts):
            table[np.ix_(ones, others)] = 0.0
            table[np.ix_(others, ones)] = 0.0
        start = min((tracklets[row].frames[0] - int(self.late[cameras[row]]) for row in ones.tolist()), default=0)
        end = max((tracklets[row].frames[-1] - int(self.late[cameras[row]]) for row in ones.tolist()), default=0)
        late = self.late[cameras[others]].tolist()
        met = [
            tracklets[row].frames[0] - behind <= end and tracklets[row].frames[-1] - behind >= start
            for row, behind in zip(others.tolist(), late, strict=True)
        ]
        others = others[np.array(met, np.bool_)]
        self._add(tracklets, cameras, ones, others, start, parameters)

    def _add(
        self,
        tracklets: Sequence[Tracklet],
        cameras: Rows,
        ones: Rows,
        others: Rows,
        start: int,
        parameters: EvidenceParameters,
        since: int | None = None,
    ) -> None:
        """Add what both showed from a moment on; pairs of one camera stay 0.

        Args:
            tracklets: N.
            cameras: (N,).
            ones: rows of tracklets.
            others: rows of the tracklets to compare with.
            start: first moment, in ticks of a camera that is not late.
            parameters: slopes and bounds.
            since: leave out the moments that both cameras had shown at this tick.

        """
        late = self.late[cameras]
        seen = [
            {frame - shown for frame in own[bisect_left(own, start + shown) :]}
            for own, shown in ((tracklets[row].frames, int(late[row])) for row in ones.tolist())
        ]
        frames = np.array(sorted(set().union(*seen)), np.int64)
        shown = np.maximum(late[ones][:, None], late[others][None, :])
        if since is not None:  # of pairs that are equally late, only what both show newly
            newest = max((tracklets[row].frames[-1] for row in ones.tolist()), default=since)
            ends = frames[:, None] + np.unique(late)[None, :]
            frames = frames[((ends > since) & (ends <= newest)).any(axis=1)]
        if len(frames) == 0 or len(others) == 0:
            return
        first = np.stack([tracklets[row].floor_at(frames + late[row]) for row in ones.tolist()])
        second = np.stack([tracklets[row].floor_at(frames + late[row]) for row in others.tolist()])
        shifts = self.shifts[cameras[ones][:, None], cameras[others][None, :]]
        sums, counts = np.zeros((2, len(ones), len(others)))
        for frame in range(len(frames)):  # one at a time: all at once would take frames times the memory
            apart = first[:, None, frame] - second[None, :, frame] + shifts
            odds = floor_log_odds(apart, parameters)
            known = np.isfinite(odds)
            if since is not None:
                known &= frames[frame] + shown > since
            sums += np.where(known, odds, 0.0)
            counts += known
        different = cameras[ones][:, None] != cameras[others][None, :]
        for table, added in ((self._sums, sums * different), (self._counts, counts * different)):
            table[np.ix_(ones, others)] += added
            if ones is not others:
                table[np.ix_(others, ones)] += added.T
