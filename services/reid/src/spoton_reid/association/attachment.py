"""What clustering leaves over: short clusters whose evidence does not reach for a group of their own.

Joining sums evidence over all pairs, so a short tracklet that looks a little unlike thirty others of its
person stays alone. Hardly anybody appears in the middle of a scene for a second: such a leftover is weighed
once against each person as a whole, and given to the best one if that is clear.
"""

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.clustering import any_in_blocks
from spoton_reid.association.clusters import Situation
from spoton_reid.association.parameters import AttachmentParameters, EvidenceParameters

Labels = NDArray[np.int64]


def attach_leftovers(
    labels: Labels, situation: Situation, evidence: EvidenceParameters, parameters: AttachmentParameters
) -> Labels:
    """Give short clusters to the people they most likely are, or single tracklets of them.

    A short cluster often holds one tracklet that overlaps with its person's in the same camera, which forbids the
    whole cluster that person; the others are looked at one by one.

    Args:
        labels: (N,) clusters 0..K−1.
        situation: the N tracklets.
        evidence: scale of appearance.
        parameters: what is short, and how clear it must be.

    Returns:
        (N,) labels with some clusters joined; numbers may be left out.

    """
    together = _attach(labels, situation, evidence, parameters)
    together = np.unique(together, return_inverse=True)[1]
    lengths = np.bincount(together, [len(tracklet.frames) for tracklet in situation.tracklets])[together]
    short = lengths < parameters.person_s * situation.fps
    singly = np.unique(np.where(short, len(labels) + np.arange(len(labels)), together), return_inverse=True)[1]
    found = _attach(singly, situation, evidence, parameters)
    moved = short & (found != singly)
    people = dict(zip(singly[~short].tolist(), together[~short].tolist(), strict=True))
    result = together.copy()
    result[moved] = [people[label] for label in found[moved].tolist()]
    return result


def _attach(
    labels: Labels, situation: Situation, evidence: EvidenceParameters, parameters: AttachmentParameters
) -> Labels:
    clusters = situation.clusters(labels)
    short = clusters.lengths < parameters.person_s * situation.fps
    people = np.flatnonzero(~short)
    leftovers = np.flatnonzero(short & (clusters.confidences >= parameters.least_mean_confidence))
    if len(people) == 0 or len(leftovers) == 0:
        return labels
    exclude = any_in_blocks(np.nonzero(situation.forbidden), labels)
    blocked = exclude[:, people]
    scores = situation.scores(clusters, leftovers, people, evidence)
    growing = situation.grows(clusters, parameters.settle_s)[leftovers]
    least = np.where(growing, parameters.least_odds_growing, parameters.least_odds)
    surest = np.where(blocked[leftovers], -np.inf, scores).max(axis=1)
    result = labels.copy()
    for index in np.argsort(-surest, kind="stable").tolist():
        leftover = int(leftovers[index])
        row = np.where(blocked[leftover], -np.inf, scores[index])
        best = int(row.argmax())
        rival = float(np.delete(row, best).max(initial=-np.inf))
        if row[best] < least[index] or row[best] - rival < parameters.least_margin:
            continue
        result[labels == leftover] = people[best]
        blocked[:, best] |= exclude[leftover]
    return result
