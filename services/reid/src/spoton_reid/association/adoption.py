"""Fragments of seconds that are over: whose they clearly are, although a few boxes stand in the way.

A detector may box one person twice for a moment. Two tracklets of one camera then overlap, which forbids them one
identity: clustering keeps the longer one with the person and leaves the other out, with all that clings to it. When
such a fragment does not grow any more, it is weighed against each person as a whole; of each two tracklets that exclude
each other, the shorter is left out.
"""

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.clusters import Clusters, Situation
from spoton_reid.association.parameters import AttachmentParameters, EvidenceParameters

Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]

_MOST_LEFT_OUT = 0.2  # of a fragment's boxes: more are not a detector's double ones


def adopt_fragments(
    labels: Labels, situation: Situation, evidence: EvidenceParameters, parameters: AttachmentParameters
) -> Labels:
    """Give fragments that are over to the people they clearly are.

    Args:
        labels: (N,) clusters, any numbers.
        situation: the N tracklets.
        evidence: scale of appearance.
        parameters: what a fragment is, and how clear it must be.

    Returns:
        (N,) labels 0..K−1 without conflicts.

    """
    clusters = situation.clusters(np.unique(labels, return_inverse=True)[1])
    fragments, people = _fragments_and_people(situation, clusters, parameters)
    if not len(people) or not len(fragments):
        return clusters.labels
    scores = situation.scores(clusters, fragments, people, evidence)
    lengths = np.array([len(tracklet.frames) for tracklet in situation.tracklets])
    result = clusters.labels.copy()
    for fragment, towards in zip(fragments.tolist(), scores, strict=True):
        own = np.flatnonzero(clusters.labels == fragment)
        others = [np.flatnonzero(result == person) for person in people.tolist()]
        ways = [_make_way(own, other, situation.forbidden, lengths) for other in others]
        row = np.where([way is None for way in ways], -np.inf, towards)
        best = int(row.argmax())
        rival, way = float(np.delete(row, best).max(initial=-np.inf)), ways[best]
        if way is None or row[best] < parameters.least_odds_adopted or row[best] - rival < parameters.least_margin:
            continue
        result[own] = people[best]
        result[way] = len(result) + way
    return np.unique(result, return_inverse=True)[1]


def _fragments_and_people(
    situation: Situation, clusters: Clusters, parameters: AttachmentParameters
) -> tuple[Labels, Labels]:
    person = clusters.lengths >= parameters.fragment_s * situation.fps
    long = clusters.lengths >= situation.fps
    sure = clusters.confidences >= parameters.least_mean_confidence
    fragment = ~person & long & sure & ~situation.grows(clusters, parameters.settle_s)
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
