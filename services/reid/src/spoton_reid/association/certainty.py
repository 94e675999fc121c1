"""How sure an identity is: the chance that the tracklet belongs to its cluster and to no other.

Evidence of pairs is correlated (thirty tracklets of one person look alike for the same reasons), so its sum is not yet
a log-odds. A logistic curve over what the second-best choice falls short by makes a probability of it (Platt 1999).
"""

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.clustering import sum_clusters
from spoton_reid.association.parameters import CertaintyParameters

Matrix = NDArray[np.float64]


def margins(evidence: Matrix, forbidden: NDArray[np.bool_], labels: NDArray[np.int64]) -> Matrix:
    """Tell by how much each item's cluster beats the best other one that nothing forbids, or being alone.

    Args:
        evidence: (N, N) symmetric; the diagonal is ignored.
        forbidden: (N, N) pairs that must not share a cluster.
        labels: (N,) clusters 0..K−1.

    Returns:
        (N,) differences of summed evidence, negative where another place would have been better.

    """
    items = np.arange(len(labels))
    sums = sum_clusters(evidence, labels)
    own = sums[items, labels] - np.diagonal(evidence)
    one, other = np.nonzero(forbidden)
    sums[one, labels[other]] = -np.inf
    sums[items, labels] = 0.0  # to stay alone
    difference: Matrix = own - np.maximum(sums.max(axis=1, initial=0.0), 0.0)
    return difference


def probabilities(difference: Matrix, parameters: CertaintyParameters) -> Matrix:
    """Turn margins into probabilities, 0..1, kept off both ends."""
    bounded = np.clip(difference, -parameters.most_margin, parameters.most_margin)
    curve: Matrix = 1.0 / (1.0 + np.exp(-(parameters.offset + parameters.slope * bounded)))
    return curve
