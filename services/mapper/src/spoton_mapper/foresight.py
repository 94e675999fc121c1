"""Where somebody will be in the next seconds: the path's own filter, carried on without observations."""

from dataclasses import dataclass

import numpy as np

from .kalman import MotionState

AHEAD_S = (1.0, 2.0, 3.0)
"""Further ahead people turn, stop or meet others: a straight line then says little (see docs/events.md)."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A position to come; `std_m` as of a `PersonEstimate`."""

    after_s: float
    position_m: tuple[float, float]
    std_m: float


def foresee(state: MotionState, acceleration_psd: float) -> tuple[Foreseen, ...]:
    """Tell the positions of a path after each of `AHEAD_S`.

    The same as `MotionState.predict`, of which only the position's mean and variances are needed:
    x' = x + t·v, P' = Pxx + 2t·Pxv + t²·Pvv + q·t³/3 on each axis.
    """
    mean, covariance = state.mean.tolist(), state.covariance
    positions, velocities = covariance[0, 0] + covariance[1, 1], covariance[2, 2] + covariance[3, 3]
    both = covariance[0, 2] + covariance[1, 3]
    return tuple(
        Foreseen(
            after_s=t,
            position_m=(mean[0] + t * mean[2], mean[1] + t * mean[3]),
            std_m=float(np.sqrt((positions + 2 * t * both + t**2 * velocities) / 2 + acceleration_psd * t**3 / 3)),
        )
        for t in AHEAD_S
    )
