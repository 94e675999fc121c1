"""Two clusters that changed people at some moment: each gets what the other holds from then on.

Two people who look alike meet, and their clusters go on with each other's tracklets. Moves of single tracklets cannot
undo that, because whatever came back would meet the other person's tracklets of the same time and camera there.
All tracklets after a moment, moved at once, can.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]

_LEAST_GAIN = 1e-6  # smaller gains are rounding
_MOST_EXCHANGES = 10  # in one solution; the next one goes on


def exchange_tails(weights: Matrix, forbidden: Mask, labels: Labels, starts: Labels) -> Labels:
    """Exchange what two clusters hold after a moment, the best exchange first, while that pays.

    One of the two may be empty: then a cluster is parted in two.

    Args:
        weights: (N, N) symmetric evidence of belonging together, the diagonal 0.
        forbidden: (N, N) symmetric; pairs that must not share a cluster.
        labels: (N,) clusters 0..K−1 without conflicts.
        starts: (N,) when each item begins.

    Returns:
        (N,) labels; numbers may be left out.

    """
    labels = labels.copy()
    for _ in range(_MOST_EXCHANGES):
        found = _best_exchange(weights, forbidden, labels, starts)
        if found is None:
            break
        moment, one, other = found
        late = starts >= moment
        first, second = late & (labels == one), late & (labels == other)
        labels[first], labels[second] = other, one
    return labels


def _best_exchange(weights: Matrix, forbidden: Mask, labels: Labels, starts: Labels) -> tuple[int, int, int] | None:
    """Find the moment and the two clusters whose exchange gains most.

    Tables hold, for clusters x and y, what x's items before the moment share with y's from then on; they are brought up
    to date item by item as the moment passes.
    """
    clusters = int(labels.max(initial=-1)) + 2  # the last one is empty
    early = np.zeros(len(labels))  # 1 for items before the moment
    late = np.ones(len(labels))
    shared, conflicts = np.zeros((2, clusters, clusters))
    best, found = _LEAST_GAIN, None
    order = np.argsort(starts, kind="stable").tolist()
    for item, following in pairwise(order):
        own = int(labels[item])
        late[item] = 0.0
        for table, pairs in ((shared, weights[item]), (conflicts, forbidden[item])):
            table[own] += np.bincount(labels, pairs * late, clusters)
            table[:, own] -= np.bincount(labels, pairs * early, clusters)
        early[item] = 1.0
        if starts[following] == starts[item]:
            continue
        kept = np.diagonal(shared)
        gains = shared + shared.T - kept[:, None] - kept[None, :]
        gains[(conflicts + conflicts.T) > 0] = -np.inf
        place = int(gains.argmax())
        if gains.flat[place] > best:
            best = float(gains.flat[place])
            one, other = divmod(place, clusters)
            found = int(starts[following]), one, other
    return found
