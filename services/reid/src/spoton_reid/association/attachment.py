"""What clustering leaves over: short clusters whose evidence does not reach for a group of their own.

Joining sums evidence over all pairs, so a short tracklet that looks a little unlike thirty others of its
person stays alone. Hardly anybody appears in the middle of a scene for a second: such a leftover is weighed
once against each person as a whole, and given to the best one if that is clear.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.clustering import any_in_blocks, sum_blocks
from spoton_reid.association.parameters import AttachmentParameters, EvidenceParameters
from spoton_reid.association.tracklets import Tracklet

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]


def attach_leftovers(
    labels: Labels,
    tracklets: Sequence[Tracklet],
    geometry: Matrix,
    forbidden: Mask,
    now: int,
    fps: float,
    evidence: EvidenceParameters,
    parameters: AttachmentParameters,
) -> Labels:
    """Give short clusters to the people they most likely are, or single tracklets of them.

    A short cluster often holds one tracklet that overlaps with its person's in the same camera, which forbids the
    whole cluster that person; the others are looked at one by one.

    Args:
        labels: (N,) clusters 0..K−1.
        tracklets: N.
        geometry: (N, N) evidence of floor and motion.
        forbidden: (N, N) pairs that must not share a cluster.
        now: the newest frame.
        fps: frames per second.
        evidence: scale of appearance.
        parameters: what is short, and how clear it must be.

    Returns:
        (N,) labels with some clusters joined; numbers may be left out.

    """
    together = _attach(labels, tracklets, geometry, forbidden, now, fps, evidence, parameters)
    together = np.unique(together, return_inverse=True)[1]
    lengths = np.bincount(together, [len(tracklet.frames) for tracklet in tracklets])[together]
    short = lengths < parameters.person_s * fps
    singly = np.unique(np.where(short, len(labels) + np.arange(len(labels)), together), return_inverse=True)[1]
    found = _attach(singly, tracklets, geometry, forbidden, now, fps, evidence, parameters)
    moved = short & (found != singly)
    people = dict(zip(singly[~short].tolist(), together[~short].tolist(), strict=True))
    result = together.copy()
    result[moved] = [people[label] for label in found[moved].tolist()]
    return result


def _attach(
    labels: Labels,
    tracklets: Sequence[Tracklet],
    geometry: Matrix,
    forbidden: Mask,
    now: int,
    fps: float,
    evidence: EvidenceParameters,
    parameters: AttachmentParameters,
) -> Labels:
    count = int(labels.max(initial=-1)) + 1
    hot = (labels[:, None] == np.arange(count)[None, :]).astype(np.float64)
    lengths = np.array([len(tracklet.frames) for tracklet in tracklets], np.float64) @ hot
    people = np.flatnonzero(lengths >= parameters.person_s * fps)
    confidences = np.array([sum(tracklet.confidences) for tracklet in tracklets], np.float64) @ hot / lengths
    short = lengths < parameters.person_s * fps
    leftovers = np.flatnonzero(short & (confidences >= parameters.least_mean_confidence))
    if len(people) == 0 or len(leftovers) == 0:
        return labels
    support = np.clip(sum_blocks(geometry, labels), -evidence.geometry_limit, evidence.geometry_limit)
    looks = cluster_appearance(tracklets, hot, evidence)
    blocked = any_in_blocks(np.nonzero(forbidden), labels)
    scores = np.where(blocked, -np.inf, support + looks)
    over = np.array([tracklet.frames[-1] for tracklet in tracklets]) <= now - parameters.settle_s * fps
    least = np.where((hot.T @ ~over) > 0, parameters.least_odds_growing, parameters.least_odds)
    result = labels.copy()
    for leftover in leftovers[np.argsort(-scores[np.ix_(leftovers, people)].max(axis=1), kind="stable")].tolist():
        row = np.where(blocked[leftover, people], -np.inf, scores[leftover, people])
        best = int(row.argmax())
        rival = float(np.delete(row, best).max(initial=-np.inf))
        if row[best] < least[leftover] or row[best] - rival < parameters.least_margin:
            continue
        person = int(people[best])
        result[labels == leftover] = person
        blocked[:, person] |= blocked[:, leftover]
    return result


def cluster_appearance(tracklets: Sequence[Tracklet], hot: Matrix, parameters: EvidenceParameters) -> Matrix:
    """Evidence of mean appearances between clusters; 0 where one has no crop."""
    looks = [tracklet.appearance() for tracklet in tracklets]
    dimension = next((len(total) for total, _ in looks if total is not None), 1)
    sums = np.array([np.zeros(dimension) if total is None else total for total, _ in looks])
    means = hot.T @ sums
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    trust = np.minimum(hot.T @ np.array([weight for _, weight in looks]) / parameters.full_crops, 1.0)
    odds = parameters.appearance_slope * (means @ means.T - parameters.appearance_midpoint)
    odds = np.clip(odds, -parameters.appearance_limit, parameters.appearance_limit)
    evidence: Matrix = odds * np.sqrt(trust[:, None] * trust[None, :])
    return evidence
