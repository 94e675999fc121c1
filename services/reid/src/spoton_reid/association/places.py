"""Places of a scene that nobody gets between in the time that is looked at: each is solved on its own.

A scene of many cameras may be a campus, or a city. Who is seen at one end of it is not looked for at the other end a
few seconds later; what a place costs does not depend on how many others there are.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from spoton_reid.association.values import Point

Place = tuple[int, ...]
"""Indices of its cameras, ascending."""


@dataclass(slots=True)
class Places:
    """Where each camera has ever seen feet. State pickles."""

    cameras: int
    _used: NDArray[np.bool_] = field(init=False)  # has seen somebody
    _bounds: NDArray[np.float64] = field(init=False)  # (cameras, 4) lowest x and y, highest x and y

    def __post_init__(self) -> None:
        """Begin with nobody."""
        self._used = np.zeros(self.cameras, np.bool_)
        self._bounds = np.tile([np.inf, np.inf, -np.inf, -np.inf], (self.cameras, 1))

    def see(self, camera: int, foot_m: Point) -> None:
        """Take somebody's foot, NaN where unknown."""
        self._used[camera] = True
        x, y = foot_m
        if math.isfinite(x):
            low_x, low_y, high_x, high_y = self._bounds[camera].tolist()
            if not (low_x <= x <= high_x and low_y <= y <= high_y):
                self._bounds[camera] = min(low_x, x), min(low_y, y), max(high_x, x), max(high_y, y)

    def apart(self, reach_m: float) -> list[Place]:
        """Part the cameras whose feet were always farther from each other than this.

        As long as a camera has seen people and no foot, they may be anywhere, and all cameras are one place: so it
        stays where one has no homography.
        """
        low, high = self._bounds[:, None, :2], self._bounds[None, :, 2:]
        near: NDArray[np.bool_] = np.all(low <= high + reach_m, axis=2)
        if (self._used & np.isinf(self._bounds[:, 0])).any():
            near[:] = True
        _, labels = connected_components(near & near.T, directed=False)
        return [tuple(np.flatnonzero(labels == label).tolist()) for label in range(int(labels.max(initial=-1)) + 1)]
