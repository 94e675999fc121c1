"""Floor evidence of all pairs of tracklets, added up tick by tick.

Each tick at which two cameras see both feet adds log-odds; a solve adds what is new since the last one, for the
tracklets in view. Pairs are added up anew only where a tracklet was cut or two planes turned out to lie otherwise.
Of many tracklets few were ever seen together: only those pairs are kept.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.evidence import floor_evidence, floor_log_odds
from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.sightings import Sightings, collect_sightings
from spoton_reid.association.tracklets import Tracklet

Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
_Key = tuple[int, int, int, int]
_Added = tuple[Rows, Matrix, Matrix]  # pairs (2, P), log-odds (P,), moments (P,)

_APART_S = 0.5  # for so long two feet must be seen
_APART = 0.5  # share of the least that the floor says at a moment, on average
_SHIFT_STEP_M = 0.03  # planes are shifted in steps: each step adds up two cameras' pairs anew


@dataclass(slots=True)
class FloorTable:
    """Sums and counts of the last update. State pickles.

    Attributes:
        shifts: (cameras, cameras, 2) metres as applied: how far the second camera's plane lies off the first's.
        late: (cameras,) ticks by which a camera shows the same moment later than the others, as applied.

    """

    cameras: int
    shifts: Matrix = field(init=False)
    late: Rows = field(init=False)
    _rows: dict[_Key, int] = field(default_factory=dict)
    _lengths: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    _pairs: Rows = field(default_factory=lambda: np.zeros((2, 0), np.int64))  # lower row, higher row
    _sums: Matrix = field(default_factory=lambda: np.zeros(0))
    _counts: Matrix = field(default_factory=lambda: np.zeros(0))
    _until: int = -1

    def __post_init__(self) -> None:
        """Begin with planes and clocks that agree."""
        self.shifts = np.zeros((self.cameras, self.cameras, 2))
        self.late = np.zeros(self.cameras, np.int64)

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
        fresh = self._recall(tracklets, cameras, moved)
        new, old = np.flatnonzero(fresh), np.flatnonzero(~fresh)
        added = [
            self._newest(tracklets, cameras, fresh, moved, parameters),
            self._past(tracklets, cameras, new, np.arange(len(tracklets)), parameters),
        ]
        for one, other in np.argwhere(np.triu(moved)).tolist():
            pair = old[cameras[old] == one], old[cameras[old] == other]
            added.append(self._past(tracklets, cameras, *pair, parameters))
        self._add(added)
        self._rows = {tracklet.key: row for row, tracklet in enumerate(tracklets)}
        self._lengths = np.array([len(tracklet.frames) for tracklet in tracklets], np.int64)
        self._until = max((tracklet.frames[-1] for tracklet in tracklets), default=self._until)
        return self._spread(floor_evidence(self._sums, self._counts, fps, parameters))

    def agreement(self) -> tuple[Matrix, Matrix]:
        """Return the mean log-odds of each pair at the last update, and from how many moments: (N, N) each."""
        return self._spread(self._sums / self._counts), self._spread(self._counts)

    def apart(self, fps: float, parameters: EvidenceParameters) -> Rows:
        """Return the pairs that walked clearly apart at the last update: (2, P) rows, each pair once."""
        known = self._counts >= _APART_S * fps
        known &= self._sums <= _APART * parameters.floor_least * self._counts
        return self._pairs[:, known]

    def _spread(self, values: Matrix) -> Matrix:
        table = np.zeros((len(self._rows), len(self._rows)))
        lower, higher = self._pairs
        table[lower, higher] = table[higher, lower] = values
        return table

    def _recall(self, tracklets: Sequence[Tracklet], cameras: Rows, moved: Mask) -> Mask:
        """Bring the pairs into the tracklets' order, but those to add up anew.

        Returns:
            (N,) the tracklets all of whose pairs are to be added up anew: with a past, but cut since.

        """
        fresh = np.zeros(len(tracklets), np.bool_)
        places = np.full(len(self._rows), -1)
        for row, tracklet in enumerate(tracklets):
            before = self._rows.get(tracklet.key, -1)
            if before >= 0 and self._lengths[before] <= len(tracklet.frames):
                places[before] = row
            else:
                fresh[row] = tracklet.frames[0] <= self._until
        pairs = places[self._pairs]
        known = np.flatnonzero((pairs >= 0).all(axis=0))
        known = known[~moved[cameras[pairs[0, known]], cameras[pairs[1, known]]]]
        self._pairs, self._sums, self._counts = np.sort(pairs[:, known], axis=0), self._sums[known], self._counts[known]
        return fresh

    def _newest(
        self,
        tracklets: Sequence[Tracklet],
        cameras: Rows,
        fresh: Mask,
        moved: Mask,
        parameters: EvidenceParameters,
    ) -> _Added:
        """Add up what was not shown at the last update, but to pairs that are added up anew."""
        behind = self.late.max() - self.late[cameras]  # what a camera showed so long ago is compared only now
        ends = np.array([tracklet.frames[-1] for tracklet in tracklets], np.int64)
        recent = np.flatnonzero((ends + behind > self._until) & ~fresh)
        seen = collect_sightings(tracklets, recent, self.late[cameras], start=self._until + 1 - int(self.late.max()))
        wanted = np.triu(~moved[cameras[recent][:, None], cameras[recent][None, :]])
        return self._add_up(cameras, recent, recent, seen, seen, wanted, parameters, since=self._until)

    def _past(
        self, tracklets: Sequence[Tracklet], cameras: Rows, ones: Rows, others: Rows, parameters: EvidenceParameters
    ) -> _Added:
        """Add up all that rows share with others."""
        late = self.late[cameras]
        first = collect_sightings(tracklets, ones, late)
        second = collect_sightings(tracklets, others, late, *first.span)
        twice = np.isin(others, ones)[None, :] & (ones[:, None] > others[None, :])
        return self._add_up(cameras, ones, others, first, second, ~twice, parameters)

    def _add_up(
        self,
        cameras: Rows,
        ones: Rows,
        others: Rows,
        first: Sightings,
        second: Sightings,
        wanted: Mask,
        parameters: EvidenceParameters,
        since: float = -math.inf,
    ) -> _Added:
        """Add up what both showed; pairs of one camera are left out.

        Args:
            cameras: (N,) of all tracklets.
            ones: rows of tracklets.
            others: rows of the tracklets to compare with.
            first: feet of `ones`.
            second: feet of `others`.
            wanted: (ones, others) pairs to add.
            parameters: slopes and bounds.
            since: leave out the moments that both cameras had shown at this tick.

        """
        mine, theirs = cameras[ones], cameras[others]
        shown = np.maximum(self.late[mine][:, None], self.late[theirs][None, :])
        shifts = self.shifts[mine[:, None], theirs[None, :]]
        wanted = wanted & (mine[:, None] != theirs[None, :])
        sums, counts = np.zeros((2, len(ones), len(others)))
        for moment, own, other in first.meet(second):  # one at a time: all at once would take frames times the memory
            block = np.ix_(first.rows[own], second.rows[other])
            counted = wanted[block] & (moment + shown[block] > since)
            apart = first.places[own][:, None] - second.places[other][None, :] + shifts[block]
            sums[block] += np.where(counted, floor_log_odds(apart, parameters), 0.0)
            counts[block] += counted
        met = np.nonzero(counts)
        return np.sort(np.array([ones[met[0]], others[met[1]]]), axis=0), sums[met], counts[met]

    def _add(self, added: Sequence[_Added]) -> None:
        """Add to pairs, some of which are known."""
        pairs = np.concatenate([self._pairs, *(new for new, _, _ in added)], axis=1)
        sums = np.concatenate([self._sums, *(new for _, new, _ in added)])
        counts = np.concatenate([self._counts, *(new for _, _, new in added)])
        size = int(pairs.max(initial=0)) + 1
        codes, place = np.unique(pairs[0] * size + pairs[1], return_inverse=True)
        self._pairs = np.array(np.divmod(codes, size))
        self._sums = np.bincount(place, sums, len(codes)).astype(np.float64)
        self._counts = np.bincount(place, counts, len(codes)).astype(np.float64)
