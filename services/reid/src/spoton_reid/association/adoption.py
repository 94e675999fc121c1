"""Fragments of seconds that are over: whose they clearly are, although a few boxes stand in the way.

A detector may box one person twice for a moment. Two tracklets of one camera then overlap, which forbids them one
identity: clustering keeps the longer one with the person and leaves the other out, with all that clings to it. When
such a fragment does not grow any more, it is weighed against each person as a whole; of each two tracklets that exclude
each other, the shorter is left out.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.attachment import cluster_appearance
from spoton_reid.association.clustering import sum_blocks
from spoton_reid.association.parameters import AttachmentParameters, EvidenceParameters
from spoton_reid.association.tracklets import Tracklet

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]

_MOST_LEFT_OUT = 0.2  # of a fragment's boxes: more are not a detector's double ones


def adopt_fragments(
    labels: Labels,
    tracklets: Sequence[Tracklet],
    geometry: Matrix,
    forbidden: Mask,
    now: int,
    fps: float,
    evidence: EvidenceParameters,
    parameters: AttachmentParameters,
) -> Labels:
    """Give fragments that are over to the people they clearly are.

    Args:
        labels: (N,) clusters, any numbers.
        tracklets: N.
        geometry: (N, N) evidence of floor and motion.
        forbidden: (N, N) pairs that must not share a cluster.
        now: the newest frame.
        fps: frames per second.
        evidence: scale of appearance.
        parameters: what a fragment is, and how clear it must be.

    Returns:
        (N,) labels 0..K−1 without conflicts.

    """
    labels = np.unique(labels, return_inverse=True)[1]
    hot = (labels[:, None] == np.arange(int(labels.max(initial=-1)) + 1)[None, :]).astype(np.float64)
    fragments, people = _fragments_and_people(tracklets, hot, now, fps, parameters)
    if not len(people) or not len(fragments):
        return labels
    support = np.clip(sum_blocks(geometry, labels), -evidence.geometry_limit, evidence.geometry_limit)
    scores = (support + cluster_appearance(tracklets, hot, evidence))[:, people]
    lengths = np.array([len(tracklet.frames) for tracklet in tracklets])
    result = labels.copy()
    for fragment in fragments.tolist():
        own = np.flatnonzero(labels == fragment)
        ways = [_make_way(own, np.flatnonzero(result == person), forbidden, lengths) for person in people.tolist()]
        row = np.where([way is None for way in ways], -np.inf, scores[fragment])
        best = int(row.argmax())
        rival, way = float(np.delete(row, best).max(initial=-np.inf)), ways[best]
        if way is None or row[best] < parameters.least_odds_adopted or row[best] - rival < parameters.least_margin:
            continue
        result[own] = people[best]
        result[way] = len(labels) + way
    return np.unique(result, return_inverse=True)[1]


def _fragments_and_people(
    tracklets: Sequence[Tracklet], hot: Matrix, now: int, fps: float, parameters: AttachmentParameters
) -> tuple[Labels, Labels]:
    lengths = np.array([len(tracklet.frames) for tracklet in tracklets], np.float64) @ hot
    confidences = np.array([sum(tracklet.confidences) for tracklet in tracklets], np.float64) @ hot / lengths
    last = np.array([tracklet.frames[-1] for tracklet in tracklets])
    grows = hot.T @ (last > now - parameters.settle_s * fps) > 0
    person = lengths >= parameters.fragment_s * fps
    fragment = ~person & ~grows & (lengths >= fps) & (confidences >= parameters.least_mean_confidence)
    return np.flatnonzero(fragment), np.flatnonzero(person)


def _make_way(own: Labels, others: Labels, forbidden: Mask, lengths: Labels) -> Labels | None:
    """Choose what to leave out for two clusters to become one, the shorter of each two; None if that is too much."""
    left: set[int] = set()
    for one, other in np.argwhere(forbidden[np.ix_(own, others)]).tolist():
        pair = int(own[one]), int(others[other])
        if not left.intersection(pair):
            left.add(min(pair, key=lambda item: (lengths[item], item)))
    way = np.array(sorted(left), np.int64)
    return way if lengths[way].sum() <= _MOST_LEFT_OUT * lengths[own].sum() else None
