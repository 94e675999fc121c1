"""Clocks jump: no wall clock decides anything. Who reads one, and what for, is listed here."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
READS_WALL_CLOCK = re.compile(r"\btime\.time(_ns)?\b|\bdatetime\.(now|utcnow|today)\b|\bdate\.today\b")
ALLOWED = {
    "libs/common/src/spoton_common/runtime/observed.py": "the ledger and spans, in headers and metrics",
    "services/ingest/src/spoton_ingest/publisher.py": "the ledger, in headers",
    "services/ingest/src/spoton_ingest/app.py": "how far back reports are read; too far back or none is as good",
    "services/ingest/src/spoton_ingest/desk.py": "spans",
    "services/gateway/src/spoton_gateway/sinks/loop.py": "latency, in metrics; which tasks are old enough to forget",
    "services/gateway/src/spoton_gateway/ws/reader.py": "latency, in metrics and spans",
    "services/gateway/src/spoton_gateway/ws/endpoint.py": "when a message was sent, as clients see it",
    "services/gateway/src/spoton_gateway/task_service.py": "when a task began, as users see it",
    "services/gateway/src/spoton_gateway/uploads/service.py": "when a file came, as users see it",
    "services/gateway/src/spoton_gateway/uploads/incoming.py": "which left-over files are old enough to remove",
    "services/gateway/src/spoton_gateway/jobs/service.py": "when a job was asked for; jobs wait in that order",
    "services/gateway/src/spoton_gateway/jobs/dispatcher.py": "when a job began, as users see it",
    "services/gateway/src/spoton_gateway/jobs/housekeeping.py": "which left-overs are old enough to remove",
    "tools/cli/src/spoton_cli/dead_letter_commands.py": "--since 1h, for a person",
    "tools/cli/src/spoton_cli/latency.py": "latency, as users see it",
}


def test_wall_clocks_are_read_only_for_people() -> None:
    folders = ("schemas/src", "libs/*/src", "services/*/src", "infra/*/src", "tools/*/src")
    sources = [path for folder in folders for path in CHECKOUT.glob(f"{folder}/**/*.py")]
    assert len(sources) > 100
    found = {str(p.relative_to(CHECKOUT)) for p in sources if READS_WALL_CLOCK.search(p.read_text(encoding="utf-8"))}
    assert found <= set(ALLOWED)
