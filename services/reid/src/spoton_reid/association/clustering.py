"""Correlation clustering: group tracklets so that the evidence inside groups adds up to the most.

Greedy joining, then local moves (Bansal, Blum & Chawla 2004 for the problem; the moves are those of
Elsner & Schudy 2009, with eviction of conflicting members).
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]

_LEAST_GAIN = 1e-9  # smaller gains are rounding
_MOST_ROUNDS = 20  # local moves settle in a few rounds


def cluster(evidence: Matrix, forbidden: Mask, start: Labels) -> Labels:
    """Cluster items.

    Args:
        evidence: (N, N) symmetric log-odds of belonging together; the diagonal is ignored.
        forbidden: (N, N) symmetric; pairs that must not share a cluster.
        start: (N,) labels of an earlier solution, −1 for items without one.

    Returns:
        (N,) labels 0..K−1 numbered by first member; the better of improving the earlier
        solution and of building a new one.

    """
    weights = evidence.copy()
    np.fill_diagonal(weights, 0.0)
    size = len(weights)
    alone = np.arange(size)
    warm = np.where(start >= 0, start, size + alone)
    warm = _split_conflicts(_renumber(warm), forbidden)
    solutions = [_improve(weights, forbidden, warm)]
    solutions.append(_improve(weights, forbidden, _join(weights, forbidden, alone)))
    scores = [objective(weights, labels) for labels in solutions]
    return solutions[0] if scores[0] >= scores[1] - _LEAST_GAIN else solutions[1]


def objective(evidence: Matrix, labels: Labels) -> float:
    """Sum of evidence over all pairs inside clusters (diagonal zero)."""
    return float(evidence[labels[:, None] == labels[None, :]].sum()) / 2


def _join(weights: Matrix, forbidden: Mask, labels: Labels) -> Labels:
    """Join clusters while the best size-normalised sum of evidence between two is positive."""
    labels = _renumber(labels)
    members = _one_hot(labels)
    sizes = members.sum(axis=0)
    between = members.T @ weights @ members
    blocked = (members.T @ forbidden.astype(np.float64) @ members) > 0
    np.fill_diagonal(blocked, True)
    scores = np.where(blocked, -np.inf, between / np.sqrt(np.outer(sizes, sizes)))
    while scores.size:
        first, second = divmod(int(scores.argmax()), len(scores))
        if scores[first, second] <= _LEAST_GAIN:
            break
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
    return _renumber(labels)


def _improve(weights: Matrix, forbidden: Mask, labels: Labels) -> Labels:
    for _ in range(_MOST_ROUNDS):
        moved, labels = _move_all(weights, forbidden, labels)
        joined = _join(weights, forbidden, labels)
        if not moved and joined.max(initial=-1) == labels.max(initial=-1):
            break
        labels = joined
    return labels


def _move_all(weights: Matrix, forbidden: Mask, labels: Labels) -> tuple[bool, Labels]:
    """Move each item once to where it gains most, evicting those it conflicts with if that still pays."""
    labels = labels.copy()
    size = len(labels)
    columns = int(labels.max(initial=-1)) + 1
    sums = np.zeros((size, columns + size))  # evidence of each item towards each cluster
    sums[:, :columns] = weights @ _one_hot(labels)
    free = list(range(columns + size - 1, columns - 1, -1))
    moved = False
    for item in range(size):
        conflicts = np.flatnonzero(forbidden[item])
        owners = labels[conflicts]
        # What joining a cluster yields once its conflicting members are out.
        yields = sums[item].copy()
        np.subtract.at(yields, owners, weights[item, conflicts] + sums[conflicts, owners])
        own = int(labels[item])
        yields[own] = sums[item, own]
        best = int(yields.argmax())
        gain = max(float(yields[best]), 0.0) - float(sums[item, own])
        if gain <= _LEAST_GAIN:
            continue
        target = best if yields[best] > _LEAST_GAIN else free.pop()
        for evicted in conflicts[owners == target].tolist():
            _relabel(weights, sums, labels, evicted, free.pop())
        _relabel(weights, sums, labels, item, target)
        moved = True
        if not free:
            break
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


def _one_hot(labels: Labels) -> Matrix:
    hot: Matrix = (labels[:, None] == np.arange(int(labels.max(initial=-1)) + 1)[None, :]).astype(np.float64)
    return hot


def _renumber(labels: Labels) -> Labels:
    """Number clusters from 0 by their first member."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    renumbered: Labels = rank[inverse]
    return renumbered
