"""Where the feet of many tracklets were, moment by moment."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.tracklets import Tracklet

Rows = NDArray[np.int64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sightings:
    """Known feet, by moment.

    Attributes:
        moments: (M,) ascending ticks of a camera that is not late.
        rows: (M,) which of the tracklets that were asked for.
        places: (M, 2) metres.

    """

    moments: Rows
    rows: Rows
    places: Matrix

    @property
    def span(self) -> tuple[float, float]:
        """First and last moment; nothing lies between them where there is none."""
        return (float(self.moments[0]), float(self.moments[-1])) if len(self.moments) else (math.inf, -math.inf)

    def meet(self, other: "Sightings") -> Iterator[tuple[int, slice, slice]]:
        """Yield the moments that both hold, and where each holds them."""
        shared = np.intersect1d(self.moments, other.moments)
        own = _slices(self.moments, shared)
        return zip(shared.tolist(), own, own if other is self else _slices(other.moments, shared), strict=True)


def _slices(moments: Rows, shared: Rows) -> list[slice]:
    first, last = (np.searchsorted(moments, shared, side=side) for side in ("left", "right"))
    return list(map(slice, first.tolist(), last.tolist()))


def collect_sightings(
    tracklets: Sequence[Tracklet], rows: Rows, late: Rows, start: float = -math.inf, end: float = math.inf
) -> Sightings:
    """Collect the known feet of some tracklets.

    Args:
        tracklets: N.
        rows: of those to look at.
        late: (N,) ticks by which each one's camera shows the same moment later than the others.
        start: nothing before this moment.
        end: nothing of tracklets that begin after this moment.

    """
    moments, owners, places = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros((0, 2))]
    for number, row in enumerate(rows.tolist()):
        tracklet, behind = tracklets[row], int(late[row])
        if tracklet.frames[-1] - behind < start or tracklet.frames[0] - behind > end:
            continue
        frames, floors = tracklet.path(start + behind)
        moments.append(frames - behind)
        owners.append(np.full(len(frames), number))
        places.append(floors)
    when, whose, where = np.concatenate(moments), np.concatenate(owners), np.concatenate(places)
    order = np.argsort(when, kind="stable")
    order = order[np.isfinite(where[order, 0])]
    return Sightings(when[order], whose[order], where[order])
