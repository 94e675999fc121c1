"""Where people appear and vanish, and how long they are away in between: evidence across blind gaps.

Between two cameras that do not see the same floor, people take a door here, a door there, and about the same time
(Makris, Ellis & Black 2004). For each pair of doors, the times that people were away are counted, and beside them the
times between the vanishing of one person and the appearance of another. The ratio of the two says how much more likely
a newcomer is the one who left than somebody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.tracklets import Tracklet

Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]

_DOORS = 4  # of a camera; more than these are told apart by appearance
_DOOR_M = 2.0  # around a door's middle
_EDGES_S = np.array([2.0, 3.0, 4.5, 6.5, 9.0, 13.0, 18.0, 25.0])  # bins of times away, the last one open
_SAME, _OTHER = 0, 1
_LEAST_S = 0.5  # shorter tracklets are mostly mistakes and neither come nor leave
_PRIOR = 8.0  # passages at which what was counted weighs half
_KEPT = 0.995  # of what is known, at each look
_SURE = 0.9  # certainty of a name that is learned from


@dataclass(frozen=True, slots=True)
class Passages:
    """Who left the view of all cameras and who came into it, among N tracklets.

    Attributes:
        leavers: rows of tracklets after which nobody goes on.
        comers: rows of tracklets before which nobody was.
        away_s: (leavers, comers) seconds between them.

    """

    leavers: Rows
    comers: Rows
    away_s: Matrix


def find_passages(tracklets: Sequence[Tracklet], geometry: Matrix, late: Rows, fps: float) -> Passages:
    """Find tracklets that nothing continues, and those that continue nothing.

    Args:
        tracklets: N.
        geometry: (N, N) evidence of floor and motion: above 0, one goes on as the other or beside it.
        late: (cameras,) ticks by which each camera shows the same moment later than the others.
        fps: ticks a second.

    """
    behind = late[np.array([tracklet.camera for tracklet in tracklets], np.int64)]
    first = np.array([tracklet.frames[0] for tracklet in tracklets], np.int64) - behind
    last = np.array([tracklet.frames[-1] for tracklet in tracklets], np.int64) - behind
    one = geometry > 0
    long = last - first >= _LEAST_S * fps
    leavers = np.flatnonzero(long & ~(one & (last[None, :] > last[:, None])).any(axis=1))
    comers = np.flatnonzero(long & ~(one & (first[None, :] < first[:, None])).any(axis=1))
    return Passages(leavers, comers, (first[comers][None, :] - last[leavers][:, None]) / fps)


@dataclass(slots=True)
class TransitStatistics:
    """Doors of each camera, and times away between each two of them. State pickles and is bounded."""

    cameras: int
    _doors: list[list[tuple[float, float, float]]] = field(init=False)  # x, y (0 without a plane), how often used
    _rows: Rows = field(init=False)  # (camera left, camera entered) → row of counts, −1 without any
    _counts: Matrix = field(init=False)  # (row, same or other, door left, door entered, bin)

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        self._doors = [[] for _ in range(self.cameras)]
        self._rows = np.full((self.cameras, self.cameras), -1)
        self._counts = np.zeros((0, 2, _DOORS, _DOORS, len(_EDGES_S)))

    def fade(self) -> None:
        """Let what was counted weigh a little less; before each look."""
        self._counts *= _KEPT

    def learn(self, tracklets: Sequence[Tracklet], passages: Passages, settled: tuple[int, int]) -> None:
        """Count the passages of those who came in a stretch of ticks, by the names that association gave.

        Args:
            tracklets: N, with names and certainties.
            passages: of them.
            settled: first tick, and the one after the last.

        """
        came = [r for r in passages.comers.tolist() if settled[0] <= tracklets[r].frames[0] < settled[1]]
        left = [r for r in passages.leavers.tolist() if settled[0] <= tracklets[r].frames[-1] < settled[1]]
        for camera, foot in [(tracklets[r].camera, _foot(tracklets[r], first=True)) for r in came] + [
            (tracklets[r].camera, _foot(tracklets[r], first=False)) for r in left
        ]:
            self._use_door(camera, foot)
        for column, row in enumerate(passages.comers.tolist()):
            comer = tracklets[row]
            if row not in came or not comer.name or comer.certainty < _SURE:
                continue
            for line, other in enumerate(passages.leavers.tolist()):
                leaver, away_s = tracklets[other], float(passages.away_s[line, column])
                doors = self._door(leaver, first=False), self._door(comer, first=True)
                if away_s >= _EDGES_S[0] and leaver.name and leaver.certainty >= _SURE and min(doors) >= 0:
                    kind = _SAME if leaver.name == comer.name else _OTHER
                    between = self._row(leaver.camera, comer.camera)
                    self._counts[between, kind, doors[0], doors[1], _bins(away_s)] += 1

    def evidence(self, tracklets: Sequence[Tracklet], passages: Passages, limit: float) -> Matrix:
        """Weigh who left against who came.

        Args:
            tracklets: N.
            passages: of them.
            limit: of log-odds, either way.

        Returns:
            (N, N) symmetric log-odds, 0 where nothing is known.

        """
        weighed = np.zeros((len(tracklets), len(tracklets)))
        leavers = [tracklets[row] for row in passages.leavers.tolist()]
        comers = [tracklets[row] for row in passages.comers.tolist()]
        if not leavers or not comers or not len(self._counts):
            return weighed
        out = np.array([self._door(leaver, first=False) for leaver in leavers], np.int64)[:, None]
        into = np.array([self._door(comer, first=True) for comer in comers], np.int64)[None, :]
        cameras = [np.array([tracklet.camera for tracklet in some], np.int64) for some in (leavers, comers)]
        rows = self._rows[cameras[0][:, None], cameras[1][None, :]]
        known = (passages.away_s >= _EDGES_S[0]) & (out >= 0) & (into >= 0) & (rows >= 0)
        odds = np.where(known, self._odds()[rows, out, into, _bins(passages.away_s)], 0.0).clip(-limit, limit)
        weighed[np.ix_(passages.leavers, passages.comers)] = odds
        return weighed + weighed.T

    def _row(self, left: int, entered: int) -> int:
        """Find the counts of two cameras, or begin them."""
        if self._rows[left, entered] < 0:
            self._rows[left, entered] = len(self._counts)
            self._counts = np.concatenate([self._counts, np.zeros((1, *self._counts.shape[1:]))])
        return int(self._rows[left, entered])

    def _odds(self) -> Matrix:
        """Log-odds (row, door left, door entered, bin): the share of one person's passages there, against overall."""
        counts = self._counts.copy()
        counts[..., 1:] += self._counts[..., :-1] / 2  # people are not that punctual
        counts[..., :-1] += self._counts[..., 1:] / 2
        overall = (self._counts[:, _SAME].sum() + 1) / (self._counts.sum() + 2)
        share = (counts[:, _SAME] + _PRIOR * overall) / (counts.sum(axis=1) + _PRIOR)
        odds: Matrix = np.log(share / (1 - share)) - np.log(overall / (1 - overall))
        return odds

    def _use_door(self, camera: int, foot: tuple[float, float]) -> None:
        doors = self._doors[camera]
        nearest = _nearest(doors, foot)
        if nearest is not None:
            x, y, used = doors[nearest]
            share = 1.0 / (used + 1.0)
            doors[nearest] = (x + (foot[0] - x) * share, y + (foot[1] - y) * share, min(used + 1.0, 200.0))
        elif len(doors) < _DOORS:
            doors.append((*foot, 1.0))

    def _door(self, tracklet: Tracklet, *, first: bool) -> int:
        """Tell through which door of its camera a tracklet came or left, −1 for none that is known."""
        nearest = _nearest(self._doors[tracklet.camera], _foot(tracklet, first=first))
        return -1 if nearest is None else nearest


def _nearest(doors: Sequence[tuple[float, float, float]], foot: tuple[float, float]) -> int | None:
    distances = [(x - foot[0]) ** 2 + (y - foot[1]) ** 2 for x, y, _ in doors]
    best = min(range(len(doors)), key=distances.__getitem__, default=None)
    return best if best is not None and distances[best] <= _DOOR_M**2 else None


def _foot(tracklet: Tracklet, *, first: bool) -> tuple[float, float]:
    """Return the first or last known place on the floor; the origin without any: a camera's only door."""
    places = tracklet.floors if first else tracklet.floors[::-1]
    return next((place for place in places if place[0] == place[0]), (0.0, 0.0))


def _bins(away_s: Matrix | float) -> Rows:
    bins: Rows = np.maximum(np.searchsorted(_EDGES_S, away_s, side="right") - 1, 0)
    return bins
