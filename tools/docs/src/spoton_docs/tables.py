"""Tables in Markdown, from what the code declares."""

from collections.abc import Iterable, Sequence

from spoton_common.description import Description, all_settings
from spoton_common.metrics import DECLARED, Declaration


def topics_table(description: Description) -> str:
    """Return what a process reads and writes."""
    rows = [("reads", name, text) for name, text in description.reads.items()]
    rows += [("writes", name, text) for name, text in description.writes.items()]
    return _table(("", "what", "for"), ((side, f"`{name}`", text) for side, name, text in rows))


def settings_table(description: Description) -> str:
    """Return the settings of a process, its own first."""
    rows = ((f"`{s.variable}`", _code(s.default), s.description) for s in all_settings(description))
    return _table(("variable", "default", ""), rows)


def metrics_table(description: Description) -> str:
    """Return the metrics that a process emits."""
    found = [d for d in DECLARED if set(d.stages) & set(description.stages)]
    return _table(("metric", "type", "labels", ""), map(_metric, found))


def all_metrics_table() -> str:
    """Return every metric with the stages that emit it."""
    rows = ((*_metric(d), ", ".join(d.stages)) for d in DECLARED)
    return _table(("metric", "type", "labels", "", "stages"), rows)


def _metric(declaration: Declaration) -> tuple[str, ...]:
    name = f"{declaration.name}_total" if declaration.kind == "counter" else declaration.name
    labels = ", ".join(f"`{label}`" for label in declaration.labels)
    return f"`{name}`", declaration.kind, labels, declaration.description


def _code(default: str) -> str:
    return default if default.startswith(("the ", "a ", "(")) else f"`{default}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
