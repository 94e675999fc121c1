"""Which stage costs the points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spoton_evaluation.pictures.canvas import canvas

_COLOURS = {"ours": "#1f77b4", "true": "#2ca02c", "without": "#d62728", "tracker": "#9467bd"}


@dataclass(frozen=True, slots=True)
class Step:
    """A rung: what was run and its cross-camera IDF1 after revisions."""

    name: str
    title: str
    idf1: float

    @property
    def colour(self) -> str:
        """Colour by kind of change."""
        return _COLOURS.get(self.name.split("_")[0], "0.5")


def draw_ladder(ladders: Mapping[str, Sequence[Step]], path: Path) -> None:
    """Draw one panel a data set, one bar a variant; all ladders have the same steps."""
    longest = max(len(steps) for steps in ladders.values())
    with canvas(path, 3.2 + 3.2 * len(ladders), 1.2 + 0.3 * longest) as figure:
        axes = figure.subplots(1, len(ladders), squeeze=False, sharey=True)[0]
        figure.suptitle("IDF1 over all cameras, after revisions", fontsize=10)
        for axis, (dataset, steps) in zip(axes, ladders.items(), strict=True):
            values = [step.idf1 for step in steps]
            axis.barh(range(len(steps)), values, color=[step.colour for step in steps])
            for row, value in enumerate(values):
                axis.text(value + 0.5, row, f"{value:.1f}", va="center", fontsize=8)
            axis.axvline(values[0], color="0.4", linewidth=0.7, linestyle="--")
            axis.set_yticks(range(len(steps)), [step.title for step in steps], fontsize=8)
            axis.set_ylim(len(steps) - 0.4, -0.6)
            axis.set_xlim(0, 112)
            axis.tick_params(axis="x", labelsize=8)
            axis.set_title(dataset, fontsize=9)
