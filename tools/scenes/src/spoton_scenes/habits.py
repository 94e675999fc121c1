"""People who all walk along one aisle, one way, and some who do not: paths, and what is unusual in them. Pure.

What is unusual follows from the script, not from counting: who comes against the stream does so from end to end; who
goes aside is where nobody goes from a metre beside the aisle on, until they are back there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spoton_scenes.event_truth import Path, TrueEvent

LENGTH_M, MIDDLE_M, HALF_WIDTH_M = 20.0, 6.0, 0.8
_BESIDE_M = 1.2
"""Beyond the aisle's edge: a metre, and half of what separates the square metres of a coarse memory."""
_USUAL = 30
_PEOPLE = 90
_AGAINST = (34, 50, 66, 82)
_ASIDE = (38, 54, 70)
_NICHES_M = (4.0, 10.0, 16.0)
"""Where those go who go aside: each where nobody has been before."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What happened: paths, sampled evenly, and what of it is unusual."""

    paths: list[Path]
    unusual: list[TrueEvent]


def draw_habits(seed: int, fps: float) -> Habits:
    """Draw 90 people one after the other, seven of them odd, behind 30 who are not."""
    rng = np.random.default_rng([seed, 31])
    paths, unusual, start_s = [], [], 0.0
    niches = iter(rng.permutation(_NICHES_M))
    for person in range(1, _PEOPLE + 1):
        first = round(start_s * fps)
        if person in _ASIDE:
            xy_m, beside = _aside(float(next(niches)) + float(rng.uniform(-1, 1)), rng, fps)
            times = [(first + k) / fps for k in (int(beside[0]), int(beside[-1]) + 1)]
            unusual.append(TrueEvent("unusual_place", times[0], times[1], None, (person,)))
        else:
            xy_m = _along(rng, fps)
        if person in _AGAINST:
            xy_m = xy_m[::-1]
            unusual.append(TrueEvent("unusual_path", first / fps, (first + len(xy_m) - 1) / fps, None, (person,)))
        paths.append(Path(person, first, xy_m))
        start_s += float(rng.uniform(2.0, 5.0))
    return Habits(paths, unusual)


def _along(rng: np.random.Generator, fps: float) -> NDArray[np.float64]:
    """Walk from end to end, swaying a little."""
    speed_m_s = float(rng.uniform(0.9, 1.6))
    x_m = np.arange(0.5, LENGTH_M - 0.5, speed_m_s / fps)
    lane_m = MIDDLE_M + float(rng.uniform(-0.6, 0.6)) * HALF_WIDTH_M
    sway_m = 0.25 * HALF_WIDTH_M * np.sin(x_m / 2 + float(rng.uniform(0, 6)))
    return np.stack([x_m, lane_m + sway_m], axis=1)


def _aside(niche_m: float, rng: np.random.Generator, fps: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Leave the aisle for a place beside it, stand there, and go on; also return the samples that lie aside."""
    speed_m_s, depth_m = float(rng.uniform(0.9, 1.6)), float(rng.uniform(3.5, 5.0))
    corners = [(0.5, MIDDLE_M), (niche_m, MIDDLE_M), (niche_m, MIDDLE_M + depth_m)]
    stay = [corners[-1]] * round(float(rng.uniform(2.0, 4.0)) * fps)
    there, back = _walk(corners, speed_m_s / fps), _walk([*corners[:0:-1], (LENGTH_M - 0.5, MIDDLE_M)], speed_m_s / fps)
    xy_m = np.concatenate([there, np.array(stay), back])
    return xy_m, np.flatnonzero(xy_m[:, 1] > MIDDLE_M + HALF_WIDTH_M + _BESIDE_M)


def _walk(corners: list[tuple[float, float]], step_m: float) -> NDArray[np.float64]:
    """Sample the straight lines between some points at even steps."""
    points = np.array(corners)
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    along = np.arange(0.0, lengths[-1], step_m)
    return np.stack([np.interp(along, lengths, points[:, axis]) for axis in (0, 1)], axis=1)
