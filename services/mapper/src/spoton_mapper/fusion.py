"""Simultaneous observations of one person by several cameras."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .ground_plane import FloorObservation

GATE = 13.82
"""Squared Mahalanobis distance past which an observation is an outlier: the 99.9 % point of χ² with 2 degrees
of freedom, -2·ln(0.001)."""


def squared_distance(difference_m: NDArray[np.float64], covariance_m2: NDArray[np.float64]) -> float:
    """Squared Mahalanobis distance of a difference, (2,) metres, under a covariance, (2, 2)."""
    return float(difference_m @ np.linalg.solve(covariance_m2, difference_m))


def consensus(observations: Sequence[FloorObservation]) -> list[FloorObservation]:
    """Keep the observations that agree with the one that agrees best with all others.

    Each distance counts up to the gate only, so that one far outlier weighs no more than a near one. Where
    nothing agrees, the most certain observation remains.
    """
    distances = [[_disagreement(one, other) for other in observations] for one in observations]
    costs = [sum(min(distance, GATE) for distance in row) for row in distances]
    order = range(len(observations))
    best = min(order, key=lambda index: (costs[index], float(np.trace(observations[index].covariance_m2)), index))
    return [observations[index] for index in order if distances[best][index] <= GATE]


def fuse(observations: Sequence[FloorObservation]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average observations with their inverse covariances as weights.

    The maximum-likelihood position of independent Gaussian observations: C = (Σ Rᵢ⁻¹)⁻¹, x = C·Σ Rᵢ⁻¹·zᵢ.

    Args:
        observations: at least one.

    Returns:
        Position, (2,) metres, and covariance, (2, 2) square metres.

    """
    weights = [np.linalg.inv(observation.covariance_m2) for observation in observations]
    covariance = np.linalg.inv(np.sum(weights, axis=0))
    weighted = [weight @ observation.position_m for weight, observation in zip(weights, observations, strict=True)]
    return np.asarray(covariance @ np.sum(weighted, axis=0)), np.asarray(covariance)


def _disagreement(one: FloorObservation, other: FloorObservation) -> float:
    return squared_distance(one.position_m - other.position_m, one.covariance_m2 + other.covariance_m2)
