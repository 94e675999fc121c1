"""Where feet were lately: moments of all cameras, a fifth of a second apart."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Feet = dict[int, tuple[float, float]]  # track → metres

SAMPLE_S = 0.2
"""Feet of neighbouring ticks tell the same of planes and clocks."""

REACH = 25
"""Samples by which clocks may differ: 5 s."""

_MOVING_M = 0.5  # in a second; who stands still is at the same place at any lag
_SECOND = 5  # samples


@dataclass(slots=True)
class FeetHistory:
    """The newest moments of each camera, empty ones included. State pickles."""

    cameras: int
    _moments: list[deque[Feet]] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nobody."""
        self._moments = [deque(maxlen=2 * REACH + 1 + _SECOND) for _ in range(self.cameras)]

    def add(self, feet: list[Feet], skipped: int) -> None:
        """Take the visible feet of one moment, by camera, after moments at which no camera showed a picture."""
        for own, seen in zip(self._moments, feet, strict=True):
            own.extend({} for _ in range(min(skipped, own.maxlen or 0)))
            own.append(seen)

    @property
    def full(self) -> bool:
        """Whether it reaches back far enough to compare clocks."""
        return len(self._moments[0]) == 2 * REACH + 1 + _SECOND

    def at(self, camera: int, ago: int) -> Points:
        """Return the feet of a camera so many samples ago, (N, 2) metres."""
        own = self._moments[camera]
        return np.array(list(own[-1 - ago].values()) if ago < len(own) else [], np.float64).reshape(-1, 2)

    def moving(self, camera: int) -> Points:
        """Return the feet that move, at each of 2·REACH + 1 samples, oldest first: (samples, K, 2), NaN filled up."""
        own = list(self._moments[camera])
        chosen = [
            [foot for track, foot in now.items() if track in before and _moved(before[track], foot)]
            for before, now in zip(own, own[_SECOND:], strict=False)
        ]
        padded = np.full((len(chosen), max(map(len, chosen), default=0), 2), np.nan)
        for row, feet in enumerate(chosen):
            if feet:
                padded[row, : len(feet)] = feet
        return padded


def neighbours(feet: list[Points], reach_m: float) -> list[tuple[int, int]]:
    """Pairs of cameras, lower first, whose feet may come as near as this.

    Args:
        feet: (N, 2) metres of each camera, without NaN.
        reach_m: largest distance of two feet.

    """
    nobody = np.full(2, np.nan)  # is near nothing
    low = np.array([own.min(axis=0) if len(own) else nobody for own in feet])
    high = np.array([own.max(axis=0) if len(own) else nobody for own in feet])
    near = (low[:, None] <= high[None, :] + reach_m).all(axis=2)
    return [(one, other) for one, other in np.argwhere(np.triu(near & near.T, 1)).tolist()]


def _moved(before: tuple[float, float], now: tuple[float, float]) -> bool:
    return (now[0] - before[0]) ** 2 + (now[1] - before[1]) ** 2 >= _MOVING_M**2
