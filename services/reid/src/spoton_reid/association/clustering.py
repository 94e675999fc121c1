"""Correlation clustering: group tracklets so that the evidence inside groups adds up to the most.

Greedy joining, then local moves (Bansal, Blum & Chawla 2004 for the problem; the moves are those of
Elsner & Schudy 2009, with eviction of conflicting members), and exchanges of tails (`exchanges.py`).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spoton_reid.association.exchanges import exchange_tails

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]
Pairs = tuple[NDArray[np.int64], ...]  # rows and columns, by row

_LEAST_GAIN = 1e-9  # smaller gains are rounding
_SPARE_CLUSTERS = 64  # new clusters that one round of moves may open
_MOST_ROUNDS = 20  # local moves settle in a few rounds


def cluster(evidence: Matrix, forbidden: Mask, start: Labels, starts: Labels, *, anew: bool) -> Labels:
    """Cluster items.

    Args:
        evidence: (N, N) symmetric log-odds of belonging together; the diagonal is ignored.
        forbidden: (N, N) symmetric; pairs that must not share a cluster.
        start: (N,) labels of an earlier solution, −1 for items without one.
        starts: (N,) when each item begins.
        anew: also build a solution from nothing and exchange tails (several times the cost); keep the best one.

    Returns:
        (N,) labels 0..K−1 numbered by first member.

    """
    weights = evidence.copy()
    np.fill_diagonal(weights, 0.0)
    size = len(weights)
    alone = np.arange(size)
    warm = np.where(start >= 0, start, size + alone)
    warm = _split_conflicts(_renumber(warm), forbidden)
    conflicts = np.nonzero(forbidden)
    improved = _improve(weights, conflicts, warm)
    if not anew:
        return improved
    built = _improve(weights, conflicts, _join(weights, conflicts, alone))
    best = _better(weights, built, improved)
    exchanged = exchange_tails(weights, forbidden, best, starts)
    return _better(weights, _improve(weights, conflicts, _renumber(exchanged)), best)


def objective(evidence: Matrix, labels: Labels) -> float:
    """Sum of evidence over all pairs inside clusters (diagonal zero)."""
    return float(evidence[labels[:, None] == labels[None, :]].sum()) / 2


def _better(weights: Matrix, one: Labels, other: Labels) -> Labels:
    return one if objective(weights, one) > objective(weights, other) + _LEAST_GAIN else other


def _join(weights: Matrix, conflicts: Pairs, labels: Labels) -> Labels:
    """Join clusters while the best size-normalised sum of evidence between two is positive."""
    labels = _renumber(labels)
    if len(labels) == 0:
        return labels
    sizes = np.bincount(labels).astype(np.float64)
    between, blocked = sum_blocks(weights, labels), any_in_blocks(conflicts, labels)
    np.fill_diagonal(blocked, True)
    scores = np.where(blocked, -np.inf, between / np.sqrt(np.outer(sizes, sizes)))
    partner, best = scores.argmax(axis=1), scores.max(axis=1)
    while best.max() > _LEAST_GAIN:
        first = int(best.argmax())
        second = int(partner[first])
        labels[labels == second] = first
        between[first] += between[second]
        between[:, first] = between[first]
        sizes[first] += sizes[second]
        blocked[first] |= blocked[second]
        blocked[:, first] = blocked[first]
        blocked[second] = blocked[:, second] = True
        row = np.where(blocked[first], -np.inf, between[first] / np.sqrt(sizes[first] * sizes))
        scores[first] = scores[:, first] = row
        scores[second] = scores[:, second] = -np.inf
        stale = (partner == first) | (partner == second)  # rows whose best pair has changed
        stale[[first, second]] = True
        better = ~stale & (row > best)
        partner[better], best[better] = first, row[better]
        partner[stale], best[stale] = scores[stale].argmax(axis=1), scores[stale].max(axis=1)
    return _renumber(labels)


def _improve(weights: Matrix, conflicts: Pairs, labels: Labels) -> Labels:
    for _ in range(_MOST_ROUNDS):
        moved, labels = _move_all(weights, conflicts, labels)
        joined = _join(weights, conflicts, labels)
        if not moved and joined.max(initial=-1) == labels.max(initial=-1):
            break
        labels = joined
    return labels


def _move_all(weights: Matrix, conflicts: Pairs, labels: Labels) -> tuple[bool, Labels]:
    """Move each item once to where it gains most, evicting those it conflicts with if that still pays."""
    labels = labels.copy()
    size = len(labels)
    columns = int(labels.max(initial=-1)) + 1
    spare = min(size, _SPARE_CLUSTERS)
    sums = np.zeros((size, columns + spare))  # evidence of each item towards each cluster
    sums[:, :columns] = sum_clusters(weights, labels)
    free = list(range(columns + spare - 1, columns - 1, -1))
    moved = False
    rivals_of = np.split(conflicts[1], np.searchsorted(conflicts[0], np.arange(1, size)))
    for item, rivals in enumerate(rivals_of):
        if sums[item].max() <= sums[item, labels[item]] + _LEAST_GAIN and sums[item, labels[item]] >= 0:
            continue  # at its best place already
        owners = labels[rivals]
        # What joining a cluster yields once its conflicting members are out.
        yields = sums[item].copy()
        np.subtract.at(yields, owners, weights[item, rivals] + sums[rivals, owners])
        own = int(labels[item])
        yields[own] = sums[item, own]
        best = int(yields.argmax())
        gain = max(float(yields[best]), 0.0) - float(sums[item, own])
        if gain <= _LEAST_GAIN:
            continue
        if not free:
            break
        target = best if yields[best] > _LEAST_GAIN else free.pop()
        evictions = rivals[owners == target].tolist()
        if len(evictions) >= len(free):
            break  # the next round begins with spare clusters anew
        for evicted in evictions:
            _relabel(weights, sums, labels, evicted, free.pop())
        _relabel(weights, sums, labels, item, target)
        moved = True
    return moved, _renumber(labels)


def _relabel(weights: Matrix, sums: Matrix, labels: Labels, item: int, target: int) -> None:
    sums[:, labels[item]] -= weights[:, item]
    sums[:, target] += weights[:, item]
    labels[item] = target


def _split_conflicts(labels: Labels, forbidden: Mask) -> Labels:
    """Take items out of clusters in which something forbids them (spans grow between solves)."""
    labels = labels.copy()
    fresh = int(labels.max(initial=-1)) + 1
    inside = forbidden & (labels[:, None] == labels[None, :])
    for item in np.flatnonzero(inside.any(axis=1)).tolist():
        if (forbidden[item] & (labels == labels[item])).any():
            labels[item] = fresh
            fresh += 1
    return _renumber(labels)


def sum_clusters(matrix: Matrix, labels: Labels) -> Matrix:
    """Sum a symmetric (N, N) matrix over the members of each cluster 0..K−1: (N, K)."""
    sums: Matrix = (member_matrix(labels) @ matrix).T
    return sums


def sum_blocks(matrix: Matrix, labels: Labels) -> Matrix:
    """Sum a symmetric (N, N) matrix over the members of each pair of clusters 0..K−1: (K, K)."""
    if int(labels.max(initial=-1)) + 1 == len(labels):  # everyone is alone
        order = np.argsort(labels)
        return matrix[np.ix_(order, order)]
    members = member_matrix(labels)
    blocks: Matrix = members @ (members @ matrix).T
    return blocks


def any_in_blocks(pairs: Pairs, labels: Labels) -> Mask:
    """Tell which pairs of clusters hold one of some pairs of items: (K, K)."""
    one, other = pairs
    found = np.zeros((int(labels.max(initial=-1)) + 1,) * 2, np.bool_)
    found[labels[one], labels[other]] = True
    return found


def member_matrix(labels: Labels) -> "sparse.csr_array[np.float64]":
    """Tell which items each cluster 0..K−1 holds: (K, N) of 0 and 1."""
    shape = int(labels.max(initial=-1)) + 1, len(labels)
    return sparse.csr_array((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape)


def _renumber(labels: Labels) -> Labels:
    """Count clusters from 0 by their first member."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    renumbered: Labels = rank[inverse]
    return renumbered
