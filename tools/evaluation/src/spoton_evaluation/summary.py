"""Figures as Markdown: targets, data sets, and the ladder, ready for docs/accuracy.md."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from spoton_evaluation.figures import Figures
from spoton_evaluation.jobs import Found

REAL = "terrace1"


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should reach; `worst` says whether the highest or the lowest of several scenes counts."""

    title: str
    key: str
    must: float
    aim: float
    most: bool = False
    generated: bool = False

    def worst(self, figures: Figures) -> tuple[float, str] | None:
        """Return the figure that is farthest from the target, and its data set."""
        names = {key.split(".")[0] for key in figures}
        names = names - {REAL, "export"} if self.generated else names & {REAL}
        found = [(value, name) for name in sorted(names) if (value := figures.get(f"{name}.{self.key}")) is not None]
        return (max if self.most else min)(found, default=None)

    def row(self, figures: Figures) -> str:
        """Write a line of the table of targets."""
        sign, found = "≤" if self.most else "≥", self.worst(figures)
        title = f"{'generated scenes' if self.generated else REAL}: {self.title}"
        if found is None:
            return f"| {title} | {sign} {self.must:g} | {sign} {self.aim:g} | not measured | |"
        value, name = found
        reached = [value <= limit if self.most else value >= limit for limit in (self.must, self.aim)]
        verdict = "aim" if reached[1] else "must" if reached[0] else f"misses by {abs(value - self.must):.2g}"
        where = f" (`{name}`)" if self.generated else ""
        return f"| {title} | {sign} {self.must:g} | {sign} {self.aim:g} | {value:.4g}{where} | {verdict} |"


TARGETS = (
    Target("IDF1, live", "ours.live.all.idf1", 95, 97),
    Target("IDF1, revised", "ours.revised.all.idf1", 97, 98.3),
    Target("identity switches, revised", "ours.revised.all.identity_switches", 25, 10, most=True),
    Target("purity of tracklets, %", "ours.track_purity", 96, 98),
    Target("true tracks, our association, IDF1", "true_boxes_tracks.revised.all.idf1", 99.5, 100),
    Target("IDF1 with true boxes, the worst", "true_boxes.revised.all.idf1", 97, 99, generated=True),
    Target("IDF1 with the shipped detector, the worst", "ours.revised.all.idf1", 90, 95, generated=True),
    Target("map error, true boxes, median, m", "true_boxes.revised.map_error.median_m", 0.10, 0.05, True, True),
    Target("map error, true boxes, 90 %, m", "true_boxes.revised.map_error.p90_m", 0.30, 0.15, True, True),
)

_COLUMNS: tuple[tuple[str, Callable[[Figures, str], str]], ...] = (
    ("IDF1, live / revised", lambda f, p: _pair(f, (f"{p}.live.all.idf1", f"{p}.revised.all.idf1"), 1)),
    ("HOTA", lambda f, p: _pair(f, (f"{p}.live.all.hota", f"{p}.revised.all.hota"), 1)),
    ("MOTA", lambda f, p: _text(f.get(f"{p}.revised.all.mota"), 1)),
    ("switches", lambda f, p: _text(f.get(f"{p}.revised.all.identity_switches"), 0)),
    (
        "found / true",
        lambda f, p: _pair(f, (f"{p}.revised.all.found_identities", f"{p}.revised.all.true_identities"), 0),
    ),
    ("tracks, purity", lambda f, p: f"{_text(f.get(f'{p}.tracks'), 0)}, {_text(f.get(f'{p}.track_purity'), 1)}"),
    ("floor IDF1", lambda f, p: _text(f.get(f"{p}.revised.floor.idf1"), 1)),
    ("map error, m", lambda f, p: _pair(f, [f"{p}.revised.map_error.{q}_m" for q in ("median", "p90")], 2)),
    ("first right, s", lambda f, p: _pair(f, [f"{p}.first_correct_{q}_s" for q in ("median", "p90")], 1)),
    ("revisions a minute", lambda f, p: _text(f.get(f"{p}.revisions_per_minute"), 0)),
    ("calibration error", lambda f, p: _text(f.get(f"{p}.expected_calibration_error"), 3)),
    ("ms a tick", lambda f, p: _text(f.get(f"{p}.association_ms_per_tick"), 1)),
)


def to_markdown(found: Sequence[Found]) -> str:
    """Write all tables."""
    figures: Figures = {}
    for part in found:
        figures |= part.figures
    names = list(dict.fromkeys(part.dataset for part in found))
    variants = {part.variant.name: part.variant.title for part in found}
    targets = ["| target | must | aim | today | |", "|---|---|---|---|---|", *(t.row(figures) for t in TARGETS)]
    head = f"| | {' | '.join(title for title, _ in _COLUMNS)} |"
    rule = "|---" * (len(_COLUMNS) + 1) + "|"
    parts = ["\n".join(targets)]
    for variant in ("ours", "true_boxes"):
        rows = [
            f"| `{name}` | {' | '.join(write(figures, f'{name}.{variant}') for _, write in _COLUMNS)} |"
            for name in names
            if f"{name}.{variant}.tracks" in figures
        ]
        parts.append("\n".join([f"{variants.get(variant, variant)}:\n", head, rule, *rows]))
    climbed = [name for name in names if f"{name}.true_links.tracks" in figures]
    if climbed:
        parts.append(_ladder(figures, climbed, variants.items()))
    apart = [value for key, value in figures.items() if key.endswith("check.largest_difference") and value is not None]
    parts.append(f"Largest difference between the two libraries: {max(apart, default=0):.3f} points.")
    return "\n\n".join(parts) + "\n"


def _ladder(figures: Figures, climbed: Sequence[str], variants: Iterable[tuple[str, str]]) -> str:
    lines = [f"| IDF1, live / revised | {' | '.join(climbed)} |", "|---" * (len(climbed) + 1) + "|"]
    for name, title in variants:
        cells = [
            _pair(figures, [f"{data}.{name}.{kind}.all.idf1" for kind in ("live", "revised")], 1) for data in climbed
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _pair(figures: Figures, keys: Iterable[str], digits: int) -> str:
    return " / ".join(_text(figures.get(key), digits) for key in keys)


def _text(value: float | int | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
