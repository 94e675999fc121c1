"""One person's path over the floor, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .fusion import GATE, consensus, fuse, squared_distance
from .ground_plane import FloorObservation
from .kalman import MotionState

MICROSECONDS_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How paths are smoothed.

    Attributes:
        acceleration_psd: how abruptly people change their velocity, m²/s³; 0.5 lets it change by
            0.7 m/s within a second.
        speed_std_m_s: speeds expected of somebody new.
        coast_s: a path without observation is carried on for this long, then it ends.
        distrust_s: observations that all contradict the path begin a new one after this long.

    """

    acceleration_psd: float = 0.5
    speed_std_m_s: float = 1.5
    coast_s: float = 1.0
    distrust_s: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """A path's newest state.

    Attributes:
        state: position and velocity at `time_us`.
        observed_us: scene time of the newest observation that went into it.
        camera_ids: cameras whose observations went into it at `time_us`, sorted.

    """

    state: MotionState
    time_us: int
    observed_us: int
    camera_ids: tuple[str, ...]

    @property
    def std_m(self) -> float:
        """Standard deviation of the position, root mean square of both axes, metres."""
        return float(np.sqrt(np.trace(self.state.covariance[:2, :2]) / 2))


def advance(
    before: Trajectory | None, observations: Sequence[FloorObservation], time_us: int, smoothing: Smoothing
) -> Trajectory | None:
    """Carry a path on to `time_us`, or begin one.

    Args:
        before: the path so far; None: none.
        observations: of this person at `time_us`, sorted by camera.
        time_us: scene time, later than the path's.
        smoothing: parameters.

    Returns:
        The path, or None where there is nothing (any more) to tell.

    """
    unseen_s = float("inf") if before is None else (time_us - before.observed_us) / MICROSECONDS_PER_S
    if before is None or unseen_s > smoothing.coast_s:
        return _begin(observations, time_us, smoothing)
    predicted = before.state.predict((time_us - before.time_us) / MICROSECONDS_PER_S, smoothing.acceleration_psd)
    trusted = [observation for observation in observations if _agrees(predicted, observation)]
    if trusted:
        return Trajectory(predicted.update(*fuse(trusted)), time_us, time_us, _cameras(trusted))
    if observations and unseen_s > smoothing.distrust_s:
        return _begin(observations, time_us, smoothing)
    return Trajectory(predicted, time_us, before.observed_us, ())


def _begin(observations: Sequence[FloorObservation], time_us: int, smoothing: Smoothing) -> Trajectory | None:
    if not observations:
        return None
    agreeing = consensus(observations)
    state = MotionState.start(*fuse(agreeing), smoothing.speed_std_m_s)
    return Trajectory(state, time_us, time_us, _cameras(agreeing))


def _agrees(predicted: MotionState, observation: FloorObservation) -> bool:
    innovation = observation.position_m - predicted.mean[:2]
    return squared_distance(innovation, predicted.covariance[:2, :2] + observation.covariance_m2) <= GATE


def _cameras(observations: Sequence[FloorObservation]) -> tuple[str, ...]:
    return tuple(sorted({observation.camera_id for observation in observations}))
