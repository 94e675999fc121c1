"""A constant-velocity Kalman filter on the floor.

State (x, y, vx, vy), metres and metres per second; acceleration is white noise. Formulas: Bar-Shalom, Li &
Kirubarajan, Estimation with Applications to Tracking and Navigation (2001), sections 5.2 and 6.2.2.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

OBSERVED = np.eye(2, 4)
"""Picks the position out of the state."""

_UNIT = np.eye(4)


@dataclass(frozen=True, slots=True, eq=False)
class MotionState:
    """Mean, (4,), and covariance, (4, 4), of position and velocity."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def start(cls, position_m: NDArray[np.float64], covariance_m2: NDArray[np.float64], speed_std_m_s: float) -> Self:
        """Begin at a position of known covariance, (2, 2), with no idea of the direction."""
        covariance = np.zeros((4, 4))
        covariance[:2, :2] = covariance_m2
        covariance[2:, 2:] = speed_std_m_s**2 * np.eye(2)
        return cls(np.concatenate([position_m, np.zeros(2)]), covariance)

    def predict(self, dt_s: float, acceleration_psd: float) -> "MotionState":
        """Move on by dt: x' = F·x, P' = F·P·Fᵀ + Q.

        Args:
            dt_s: time to move on by, seconds.
            acceleration_psd: power spectral density of the acceleration, m²/s³.

        """
        transition, noise = _motion(dt_s, acceleration_psd)
        return MotionState(transition @ self.mean, transition @ self.covariance @ transition.T + noise)

    def update(self, position_m: NDArray[np.float64], covariance_m2: NDArray[np.float64]) -> "MotionState":
        """Take in an observed position: K = P·Hᵀ·S⁻¹, x' = x + K·(z - H·x), P' in Joseph's form."""
        innovation_covariance = self.covariance[:2, :2] + covariance_m2
        gain = np.linalg.solve(innovation_covariance, self.covariance[:2, :]).T
        rest = _UNIT - gain @ OBSERVED
        covariance = rest @ self.covariance @ rest.T + gain @ covariance_m2 @ gain.T
        return MotionState(self.mean + gain @ (position_m - self.mean[:2]), (covariance + covariance.T) / 2)


@lru_cache(maxsize=16)
def _motion(dt_s: float, acceleration_psd: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return F and Q, (4, 4) each and not to be changed: ticks are nearly always equally far apart."""
    transition = np.eye(4)
    transition[0, 2] = transition[1, 3] = dt_s
    per_axis = acceleration_psd * np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]])
    return transition, np.asarray(np.kron(per_axis, np.eye(2)), np.float64)
