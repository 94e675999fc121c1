"""A picture for each figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from spoton_evaluation import Scores

from spoton_bench.latency import Delay
from spoton_bench.scaling import CameraCost, MemorySample
from spoton_bench.usage import SERVERS, SERVICES

mpl.use("agg")
_SIZE = (7.0, 3.5)
_BLUE, _GREY, _ORANGE = "#3366aa", "#999999", "#dd8833"


def draw_speeds(speeds: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draw frames/s of each way, each run a dot."""
    figure, axes = _axes("frames/s, all cameras together")
    for row, (name, values) in enumerate(speeds.items()):
        axes.barh(row, median(values), color=_BLUE if name in ("line", "adaptive") else _GREY)
        axes.plot(values, [row] * len(values), "k.", markersize=5)
    axes.set_yticks(range(len(speeds)), list(speeds))
    axes.invert_yaxis()
    _save(figure, path)


def draw_identities(scores: Mapping[str, Scores], path: Path) -> None:
    """Draw IDF1, HOTA and MOTA of both modes."""
    figure, axes = _axes("points")
    names = ("idf1", "hota", "mota", "loc_a")
    for number, (mode, score) in enumerate(scores.items()):
        heights = [getattr(score, name) for name in names]
        places = [i + 0.4 * number for i in range(len(names))]
        bars = axes.bar(places, heights, 0.38, label=mode.replace("_", " "), color=(_GREY, _BLUE)[number])
        axes.bar_label(bars, fmt="%.1f", fontsize=8)
    axes.set_xticks([i + 0.2 for i in range(len(names))], ["IDF1", "HOTA", "MOTA", "LocA"])
    axes.set_xlabel("")
    axes.set_ylim(50, 100)
    axes.legend(loc="lower left")
    _save(figure, path)


def draw_cpu(ms: Mapping[str, float], models: Mapping[str, float], path: Path) -> None:
    """Draw CPU for a picture by component, the networks apart."""
    figure, axes = _axes("CPU milliseconds a picture")
    names = [name for name in (*SERVICES, *SERVERS) if name in ms]
    networks = [min(models.get(name, 0.0), ms[name]) for name in names]
    rest = [ms[name] - network for name, network in zip(names, networks, strict=True)]
    axes.barh(names, networks, color=_GREY, label="bare network")
    axes.barh(names, rest, left=networks, color=_BLUE, label="everything else")
    axes.invert_yaxis()
    axes.legend()
    _save(figure, path)


def draw_delay(delay: Delay, path: Path) -> None:
    """Draw the added delay by stage: median and 99th percentile."""
    figure, axes = _axes("added milliseconds: median (bar), 1 to 99 % (line)")
    for row, (name, values) in enumerate({**delay.steps, "together": delay.added}.items()):
        ordered = sorted(values)
        axes.barh(row, median(ordered), color=_ORANGE if name == "together" else _BLUE)
        axes.plot([ordered[len(ordered) // 100], ordered[-1 - len(ordered) // 100]], [row, row], "k-", linewidth=1)
    axes.set_yticks(range(len(delay.steps) + 1), [*delay.steps, "together"])
    axes.invert_yaxis()
    _save(figure, path)


def draw_costs(costs: Sequence[CameraCost], path: Path) -> None:
    """Draw CPU for a camera's picture over the number of cameras, by component."""
    figure, axes = _axes("cameras of one task")
    for name in sorted({name for cost in costs for name in cost.ms}):
        values = [cost.ms.get(name, 0.0) for cost in costs]
        if max(values) > 0.05 * max(cost.total_ms for cost in costs):
            axes.plot([cost.cameras for cost in costs], values, "o-", label=name)
    axes.set_xscale("log", base=2)
    axes.set_ylabel("CPU milliseconds a picture")
    axes.set_ylim(bottom=0)
    axes.legend()
    _save(figure, path)


def draw_memory(samples: Sequence[MemorySample], path: Path) -> None:
    """Draw resident memory over video time, by component."""
    figure, axes = _axes("minutes of video")
    for name in samples[-1].mb:
        axes.plot([s.video_s / 60 for s in samples], [s.mb.get(name, 0.0) for s in samples], label=name)
    axes.set_ylabel("resident MB")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7, ncols=2)
    _save(figure, path)


def _axes(x_label: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x_label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
