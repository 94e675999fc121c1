"""Paths with less noise: a parabola through what lies around a moment (Savitzky & Golay, Anal. Chem. 36, 1964).

A mean over the same time would cut corners, and put people who turn at a boundary on its wrong side.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

_COEFFICIENTS = 3


def smooth(ticks: Sequence[int], positions_m: Sequence[tuple[float, float]], tick: int) -> tuple[float, float]:
    """Return the position at a tick by the parabola, least squares, through positions at the ticks around it."""
    factors = _factors(tuple(each - tick for each in ticks))
    x_m = sum(factor * place[0] for factor, place in zip(factors, positions_m, strict=True))
    y_m = sum(factor * place[1] for factor, place in zip(factors, positions_m, strict=True))
    return x_m, y_m


@lru_cache(maxsize=4096)
def _factors(offsets: tuple[int, ...]) -> tuple[float, ...]:
    """Return what each of the positions counts; nothing is smoothed with fewer than are needed for a parabola."""
    if len(offsets) <= _COEFFICIENTS:
        return tuple(float(offset == 0) for offset in offsets)
    powers = np.vander(np.array(offsets, float), _COEFFICIENTS, increasing=True)
    return tuple(np.linalg.pinv(powers)[0].tolist())
