"""Clusters of tracklets, weighed as wholes: what a group is, and how well one group fits another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.clustering import sum_blocks
from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.tracklets import Tracklet

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Situation:
    """The tracklets of a place at some moment, and what is known of their pairs.

    Attributes:
        tracklets: N.
        geometry: (N, N) evidence of floor and motion.
        forbidden: (N, N) pairs that must not share a cluster.
        now: the newest frame.
        fps: frames per second.

    """

    tracklets: Sequence[Tracklet]
    geometry: Matrix
    forbidden: Mask
    now: int
    fps: float

    def clusters(self, labels: Labels) -> "Clusters":
        """Describe the clusters 0..K−1 of (N,) labels."""
        hot = (labels[:, None] == np.arange(int(labels.max(initial=-1)) + 1)[None, :]).astype(np.float64)
        lengths = np.array([len(tracklet.frames) for tracklet in self.tracklets], np.float64) @ hot
        confidences = np.array([sum(tracklet.confidences) for tracklet in self.tracklets], np.float64) @ hot / lengths
        return Clusters(labels, hot, lengths, confidences)

    def grows(self, clusters: "Clusters", settle_s: float) -> Mask:
        """(K,) whether a cluster was in view within the last seconds."""
        last = np.array([tracklet.frames[-1] for tracklet in self.tracklets])
        recent: Mask = clusters.hot.T @ (last > self.now - settle_s * self.fps) > 0
        return recent

    def scores(self, clusters: "Clusters", evidence: EvidenceParameters) -> Matrix:
        """(K, K) log-odds that two clusters are one person: floor and motion, bounded, and mean appearances."""
        support = np.clip(sum_blocks(self.geometry, clusters.labels), -evidence.geometry_limit, evidence.geometry_limit)
        both: Matrix = support + _appearance(self.tracklets, clusters.hot, evidence)
        return both


@dataclass(frozen=True, slots=True)
class Clusters:
    """Clusters 0..K−1 of N tracklets.

    Attributes:
        labels: (N,) which one each tracklet is in.
        hot: (N, K) the same as 0 and 1.
        lengths: (K,) summed boxes.
        confidences: (K,) their mean confidence.

    """

    labels: Labels
    hot: Matrix
    lengths: Matrix
    confidences: Matrix


def _appearance(tracklets: Sequence[Tracklet], hot: Matrix, parameters: EvidenceParameters) -> Matrix:
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
