"""The floor seen from above, person by person: where they walked, and where the map had them."""

from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoton_evaluation.ground import Places
from spoton_evaluation.pictures.canvas import canvas
from spoton_evaluation.report import Matched
from spoton_evaluation.timeliness import identity_of

_JUMP_M = 2.0  # farther apart, two places of successive frames are not joined
_IN_A_ROW = 5
_MOST_PEOPLE = 20
_TRUE, _FOUND = "0.75", "#d62728"


def draw_floor(matched: Matched, title: str, path: Path) -> None:
    """Draw a panel a person: the true path grey, that of the person's identity red."""
    identities, true, found = (
        identity_of(matched.all_frames()),
        _paths(matched.true_places),
        _paths(matched.found_places),
    )
    people = sorted(true)[:_MOST_PEOPLE]
    columns = min(_IN_A_ROW, len(people))
    everywhere = np.concatenate(list(true.values()))
    low, high = np.nanmin(everywhere, axis=0) - 0.5, np.nanmax(everywhere, axis=0) + 0.5
    height = 2.6 * float((high[1] - low[1]) / (high[0] - low[0])) + 0.25
    rows = ceil(len(people) / columns)
    with canvas(path, 2.6 * columns, height * rows + 0.5) as figure:
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel, person in zip(panels, people, strict=False):
            panel.plot(*true[person].T, color=_TRUE, linewidth=2.5, solid_capstyle="round")
            identity = identities.get(person)
            if identity in found:
                panel.plot(*found[identity].T, color=_FOUND, linewidth=1)
            panel.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]), aspect="equal")
            panel.set_title(f"person {person}: identity {identity or 'none'}", fontsize=8)
            panel.tick_params(labelsize=6)
        for panel in panels[len(people) :]:
            panel.set_axis_off()
        left_out = f", {len(true) - len(people)} more people not drawn" if len(true) > len(people) else ""
        figure.suptitle(f"{title}: true paths grey, the map's red; metres{left_out}", fontsize=10)


def _paths(places: Places) -> dict[int, NDArray[np.float64]]:
    points: dict[int, list[tuple[float, float]]] = {}
    for _, people in sorted(places.items()):
        for identity, (x_m, y_m) in people.items():
            line = points.setdefault(identity, [])
            if line and np.hypot(line[-1][0] - x_m, line[-1][1] - y_m) > _JUMP_M:
                line.append((np.nan, np.nan))
            line.append((x_m, y_m))
    return {identity: np.array(line) for identity, line in points.items()}
