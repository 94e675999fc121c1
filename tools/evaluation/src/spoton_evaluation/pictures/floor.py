"""The floor seen from above: where people walked, and where the map had them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoton_evaluation.ground import Places
from spoton_evaluation.pictures.canvas import canvas, colour_of
from spoton_evaluation.report import Matched
from spoton_evaluation.timeliness import identity_of

_JUMP_M = 2.0  # farther apart, two places of successive frames are not joined


def draw_floor(matched: Matched, title: str, path: Path) -> None:
    """Draw true paths in grey under found ones in their identity's colour."""
    identities = identity_of(matched.all_frames())
    with canvas(path, 9, 7) as figure:
        axis = figure.subplots()
        for line in _paths(matched.true_places).values():
            axis.plot(*line.T, color="0.75", linewidth=2.5, solid_capstyle="round")
        for identity, line in _paths(matched.found_places).items():
            own = identity in identities.values()
            axis.plot(*line.T, color=colour_of(identity) if own else "black", linewidth=0.8)
        axis.set_aspect("equal")
        axis.invert_yaxis()
        axis.set_xlabel("x, metres")
        axis.set_ylabel("y, metres")
        axis.set_title(f"{title}: true paths grey, found ones coloured, left-over identities black", fontsize=9)


def _paths(places: Places) -> dict[int, NDArray[np.float64]]:
    points: dict[int, list[tuple[float, float]]] = {}
    for _, people in sorted(places.items()):
        for identity, (x_m, y_m) in people.items():
            line = points.setdefault(identity, [])
            if line and np.hypot(line[-1][0] - x_m, line[-1][1] - y_m) > _JUMP_M:
                line.append((np.nan, np.nan))
            line.append((x_m, y_m))
    return {identity: np.array(line) for identity, line in points.items()}
