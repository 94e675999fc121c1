"""How far the floor planes of two cameras disagree, found without labels.

Homographies measured separately never agree exactly. Feet that are each other's nearest in two
cameras at the same tick mostly belong to one person; the median of their differences is the shift.
An affine fit can take the place of the shift behind the same interface.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.calibration.feet import neighbours

Points = NDArray[np.float64]

_RADII_M = (1.5, 1.0, 0.7)  # shrinking: the first finds the shift among strangers, the last keeps only pairs
_LEAST_PAIRS = 60  # below, a median is still a guess
_KEPT_PAIRS = 3000  # newest pairs of two cameras
FAR_M = 2.0  # planes that disagree by more are wrong, not shifted: applied within this bound


@dataclass(slots=True)
class PlaneAlignment:
    """Running estimate of the shift between the planes of every pair of cameras. State pickles."""

    cameras: int
    _pairs: dict[tuple[int, int], deque[tuple[float, float]]] = field(default_factory=dict)

    def observe(self, feet: list[Points]) -> None:
        """Take the feet of one tick.

        Args:
            feet: per camera (N, 2) metres, only those inside the image.

        """
        for first, second in neighbours(feet, _RADII_M[0]):
            differences = nearest_differences(feet[first], feet[second], _RADII_M[0])
            kept = self._pairs.setdefault((first, second), deque(maxlen=_KEPT_PAIRS))
            kept.extend(map(tuple, differences.tolist()))

    def known(self) -> set[tuple[int, int]]:
        """Pairs of cameras that have been compared often enough."""
        return {pair for pair, differences in self._pairs.items() if len(differences) >= _LEAST_PAIRS}

    def shifts(self) -> Points:
        """Shifts in metres, (cameras, cameras, 2): [a, b] is added to (foot in a − foot in b)."""
        shifts = np.zeros((self.cameras, self.cameras, 2))
        for (first, second), differences in self._pairs.items():
            shift = robust_shift(np.array(differences))
            shifts[first, second] = -shift
            shifts[second, first] = shift
        return shifts


def nearest_differences(first: Points, second: Points, radius_m: float) -> Points:
    """Differences (M, 2), first − second, of points that are each other's nearest within a radius."""
    apart = first[:, None, :] - second[None, :, :]
    distances = np.hypot(apart[:, :, 0], apart[:, :, 1])
    nearest = distances.argmin(axis=1)
    rows = np.arange(len(first))
    mutual = (distances.argmin(axis=0)[nearest] == rows) & (distances[rows, nearest] <= radius_m)
    differences: Points = apart[rows[mutual], nearest[mutual]]
    return differences


def robust_shift(differences: Points) -> Points:
    """Median difference (2,), refined inside shrinking radii around it; 0 for too few pairs."""
    shift = np.zeros(2)
    if len(differences) < _LEAST_PAIRS:
        return shift
    for radius_m in _RADII_M:
        apart = differences - shift
        near = differences[np.hypot(apart[:, 0], apart[:, 1]) <= radius_m]
        if len(near) < _LEAST_PAIRS:
            break
        shift = np.median(near, axis=0)
    return shift if float(np.hypot(*shift)) <= FAR_M else np.zeros(2)
