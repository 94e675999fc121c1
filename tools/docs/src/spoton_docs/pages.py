"""Pages with generated parts: what stands between ``<!-- generated: KIND MODULE -->`` and ``<!-- end -->``."""

import re
from collections.abc import Callable
from pathlib import Path

from spoton_common.description import Description
from spoton_detector.description import DETECTOR
from spoton_gateway.description import GATEWAY, SINK, VIDEOS
from spoton_ingest.description import INGEST
from spoton_mapper.description import MAPPER
from spoton_mapper.events.description import EVENTS
from spoton_reid.description import REID

from spoton_docs.tables import all_metrics_table, metrics_table, settings_table, topics_table

SERVICES = {d.module: d for d in (INGEST, DETECTOR, REID, MAPPER, EVENTS, GATEWAY, SINK, VIDEOS)}

_PART = re.compile(r"(<!-- generated: (\w+) ([\w.]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_TABLES: dict[str, Callable[[Description], str]] = {
    "topics": topics_table,
    "settings": settings_table,
    "metrics": metrics_table,
}


def pages(root: Path) -> list[Path]:
    """Return the pages of a checkout that have generated parts."""
    candidates = [*sorted((root / "services").glob("*/README.md")), *sorted((root / "docs").glob("*.md"))]
    return [page for page in candidates if _PART.search(page.read_text(encoding="utf-8"))]


def rewrite(text: str) -> str:
    """Return a page with its generated parts as they should be; ``KeyError`` for a part that nobody can write."""
    return _PART.sub(lambda found: f"{found[1]}{_part(found[2], found[3])}\n{found[4]}", text)


def outdated(root: Path) -> list[Path]:
    """Return the pages whose generated parts differ from the code."""
    return [page for page in pages(root) if rewrite(text := page.read_text(encoding="utf-8")) != text]


def _part(kind: str, module: str) -> str:
    return all_metrics_table() if (kind, module) == ("metrics", "all") else _TABLES[kind](SERVICES[module])
