"""How walkers give way: steering that looks ahead, and a last step that keeps bodies apart. Pure maths.

Arrays are (N, 2) positions in metres and velocities in m/s in the floor frame.
"""

import numpy as np
from numpy.typing import NDArray

from spoton_scenes.scene import Obstacle

Floats = NDArray[np.float64]
BODY_M = 0.55
"""Centres of two people never come closer than this (shoulders are 0.4 m wide)."""
_COMFORT_M = 0.85
_HORIZON_S = 2.0
_CLEARANCE_M = 0.35


def steer(positions: Floats, velocities: Floats, wanted: Floats, obstacles: tuple[Obstacle, ...]) -> Floats:
    """Velocities to aim for: the wanted ones bent away from whoever would come too close within two seconds.

    Two people who meet head-on both turn to their right, as people do. (An anticipatory rule after
    Karamouzas, Heil, van Beek and Overmars, 2009.)
    """
    others = np.concatenate([positions, np.array([(o.x_m, o.y_m) for o in obstacles]).reshape(-1, 2)])
    other_velocities = np.concatenate([velocities, np.zeros((len(obstacles), 2))])
    reach = np.concatenate([np.full(len(positions), _COMFORT_M), [o.radius_m + _CLEARANCE_M + 0.2 for o in obstacles]])
    apart = positions[:, None] - others[None]
    closing = velocities[:, None] - other_velocities[None]
    speed2 = np.sum(closing**2, axis=2)
    ahead = np.clip(-np.sum(apart * closing, axis=2) / np.maximum(speed2, 1e-6), 0.0, _HORIZON_S)
    nearest = apart + closing * ahead[..., None]
    distance = np.linalg.norm(nearest, axis=2)
    urgency = np.clip(1 - distance / reach[None], 0, 1) * (1 - ahead / _HORIZON_S)
    np.fill_diagonal(urgency, 0.0)
    right = np.stack([-closing[..., 1], closing[..., 0]], axis=2) / np.sqrt(np.maximum(speed2, 1e-6))[..., None]
    away = nearest / np.maximum(distance, 1e-6)[..., None]
    bend = np.where((distance < 0.25)[..., None], right, away + 0.4 * right)
    push: Floats = np.sum(bend * urgency[..., None], axis=1)
    return wanted + 1.8 * push


def keep_apart(positions: Floats, obstacles: tuple[Obstacle, ...], rounds: int = 6) -> Floats:
    """Move overlapping people just far enough apart, and out of obstacles, in a few relaxation rounds."""
    moved = positions.copy()
    for _ in range(rounds):
        apart = moved[:, None] - moved[None]
        distance = np.linalg.norm(apart, axis=2)
        np.fill_diagonal(distance, np.inf)
        overlap = np.clip(BODY_M - distance, 0, None)
        moved = moved + np.sum(apart / np.maximum(distance, 1e-6)[..., None] * overlap[..., None] * 0.5, axis=1)
        for obstacle in obstacles:
            away = moved - (obstacle.x_m, obstacle.y_m)
            length = np.maximum(np.linalg.norm(away, axis=1), 1e-6)
            depth = np.clip(obstacle.radius_m + _CLEARANCE_M - length, 0, None)
            moved = moved + away / length[:, None] * depth[:, None]
    return moved
