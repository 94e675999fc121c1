"""Keep the schemas that records out there were written with: ``python -m spoton_schemas.release``.

Each released schema stands in ``schemas/history/<topic>/<version>.avsc``; readers must keep reading all of them.
Writes the next version of every topic whose schema has changed.
"""

import json
import sys
from pathlib import Path
from typing import Any

from spoton_schemas.topics import TOPICS

HISTORY = Path(__file__).parents[2] / "history"


def released(topic: str) -> list[dict[str, Any]]:
    """Return a topic's released schemas, oldest first."""
    paths = sorted((HISTORY / topic).glob("*.avsc"), key=lambda path: int(path.stem))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def main() -> None:
    """Release what has changed."""
    for topic in TOPICS.values():
        versions = released(topic.name)
        if versions and versions[-1] == topic.schema():
            continue
        path = HISTORY / topic.name / f"{len(versions) + 1}.avsc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(topic.schema(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        sys.stdout.write(f"{topic.name}: version {len(versions) + 1}\n")


if __name__ == "__main__":
    main()
