"""Clusters of tracklets, weighed as wholes: what a group is, and how well one group fits another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spoton_reid.association.clustering import member_matrix
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
        members = member_matrix(labels)
        lengths = members @ np.array([len(tracklet.frames) for tracklet in self.tracklets], np.float64)
        confidences = members @ np.array([sum(tracklet.confidences) for tracklet in self.tracklets], np.float64)
        return Clusters(labels, members, lengths, confidences / lengths)

    def grows(self, clusters: "Clusters", settle_s: float) -> Mask:
        """(K,) whether a cluster was in view within the last seconds."""
        last = np.array([tracklet.frames[-1] for tracklet in self.tracklets])
        recent: Mask = clusters.members @ (last > self.now - settle_s * self.fps).astype(np.float64) > 0
        return recent

    def scores(self, clusters: "Clusters", some: Labels, others: Labels, evidence: EvidenceParameters) -> Matrix:
        """Log-odds that two clusters are one person: floor and motion, bounded, and mean appearances.

        Args:
            clusters: what the next two are numbers of.
            some: (S,) clusters.
            others: (O,) clusters.
            evidence: scale and bounds.

        Returns:
            (S, O).

        """
        towards = (clusters.members[others] @ self.geometry).T
        support = np.clip(clusters.members[some] @ towards, -evidence.geometry_limit, evidence.geometry_limit)
        means, trust = self._appearances(clusters, evidence)
        odds = evidence.appearance_slope * (means[some] @ means[others].T - evidence.appearance_midpoint)
        odds = np.clip(odds, -evidence.appearance_limit, evidence.appearance_limit)
        both: Matrix = support + odds * np.sqrt(trust[some][:, None] * trust[others][None, :])
        return both

    def _appearances(self, clusters: "Clusters", evidence: EvidenceParameters) -> tuple[Matrix, Matrix]:
        """Return unit means (K, D) and by how much they are trusted (K,), 0 where a cluster has no crop."""
        looks = [tracklet.appearance() for tracklet in self.tracklets]
        dimension = next((len(total) for total, _ in looks if total is not None), 1)
        means = clusters.members @ np.array([np.zeros(dimension) if total is None else total for total, _ in looks])
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        weights = clusters.members @ np.array([weight for _, weight in looks])
        return means, np.minimum(weights / evidence.full_crops, 1.0)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Clusters 0..K−1 of N tracklets.

    Attributes:
        labels: (N,) which one each tracklet is in.
        members: (K, N) the same as 0 and 1.
        lengths: (K,) summed boxes.
        confidences: (K,) their mean confidence.

    """

    labels: Labels
    members: "sparse.csr_array[np.float64]"
    lengths: Matrix
    confidences: Matrix
