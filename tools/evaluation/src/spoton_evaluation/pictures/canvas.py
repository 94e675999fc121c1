"""What all pictures share: a canvas without a display, and colours of identities."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

NOBODY = "#e8e8e8"
_COLOURS = [index for index in range(20) if index // 2 != 7]  # without the greys
_STRIDE = 5  # neighbouring numbers get colours that are far apart


@contextmanager
def canvas(path: Path, width_in: float, height_in: float) -> Iterator[Figure]:
    """Give a figure and write it as PNG."""
    figure = Figure(figsize=(width_in, height_in), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    yield figure
    figure.savefig(path)


def colour_of(identity: int) -> Any:
    """Return an identity's colour, the same in every picture."""
    return colormaps["tab20"](_COLOURS[identity * _STRIDE % len(_COLOURS)])
