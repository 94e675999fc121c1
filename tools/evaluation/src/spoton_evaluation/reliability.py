"""Whether probabilities mean what they say (Niculescu-Mizil & Caruana 2005; Naeini et al. 2015 for the one figure).

Groups hold equally many boxes (Nixon et al. 2019): most probabilities are near one, where tenths would tell nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Bin:
    """Boxes of similar probability: what was promised and what came true."""

    mean_probability: float
    share_correct: float
    count: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability curve; the error is the mean gap between promise and truth, weighted by count."""

    bins: tuple[Bin, ...]
    expected_calibration_error: float


def reliability(probabilities: ArrayLike, correct: Sequence[bool], bins: int = 10) -> Reliability:
    """Group boxes by probability (0..1) and count the share that was correct; equal probabilities share a group.

    Raises:
        ValueError: lengths differ, nothing to judge, or a probability outside 0..1.

    """
    promised, came_true = np.asarray(probabilities, np.float64), np.asarray(correct, np.bool_)
    if promised.shape != came_true.shape or promised.size == 0:
        raise ValueError(f"{promised.size} probabilities for {came_true.size} outcomes")
    if not ((promised >= 0) & (promised <= 1)).all():
        raise ValueError("a probability lies outside 0..1")
    edges = np.unique(np.quantile(promised, np.arange(1, bins) / bins, method="higher"))
    group = np.searchsorted(edges, promised, side="left")
    found = []
    for number in np.unique(group).tolist():
        inside = group == number
        found.append(Bin(float(promised[inside].mean()), float(came_true[inside].mean()), int(inside.sum())))
    error = sum(b.count * abs(b.mean_probability - b.share_correct) for b in found) / promised.size
    return Reliability(tuple(found), round(float(error), 4))
