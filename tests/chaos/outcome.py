"""All that a task leaves behind, without what the wall clock or the task's name put into it."""

import asyncio
import io
import json
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

TABLES = (
    "tasks",
    "task_cameras",
    "task_progress",
    "media",
    "camera_frames",
    "track_points",
    "person_positions",
    "identity_revisions",
    "identity_changes",
    "identity_appearances",
    "events",
)
_EXPORTS = [(f, i) for f in ("mot", "json") for i in ("revised", "live")]
_UNCOMPARED_COLUMNS = {
    "tasks": {"created_at", "ended_at"},
    "identity_revisions": {"recorded_at"},
    "events": {"event_id"},  # it is made of the task's id
}
_WALL_CLOCK_FIELDS = ("timestamp_processed_utc", "latency")
_COMPARED_MESSAGES = ("tracking_update", "batch_processing_complete", "identity_revised", "media_available")

Outcome = dict[str, list[str]]
"""Name of a table, an exported file or a message type → its records in order, as text."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two outcomes differ first."""

    name: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.name}: expected {self.expected[:300]}, found {self.found[:300]}"


def read_outcome(database_url: str, gateway_url: str, task_id: str, messages: list[dict[str, Any]]) -> Outcome:
    """Collect a task's rows, exports and socket messages."""
    found = asyncio.run(_rows(database_url, task_id))
    found |= _exports(gateway_url, task_id)
    found |= _messages(messages)
    return {name: [record.replace(task_id, "TASK") for record in records] for name, records in found.items()}


def compare(expected: Outcome, found: Outcome) -> list[Difference]:
    """List the first difference of each table, file and message type."""
    differences = []
    for name in sorted(expected | found):
        wanted, there = expected.get(name, []), found.get(name, [])
        if wanted == there:
            continue
        pairs = zip([*wanted, f"the end of {len(wanted)}"], [*there, f"the end of {len(there)}"], strict=False)
        first = next(((w, t) for w, t in pairs if w != t), ("", ""))
        differences.append(Difference(name, *first))
    return differences


def compare_stopped(expected: Outcome, found: Outcome) -> list[Difference]:
    """Compare a task that was stopped: what is there of its pictures is the beginning of the whole.

    Identities may differ: what would have corrected them was not seen.
    """
    differences = []
    if '"outcome": "STOPPED"' not in found["tasks"][0] and '"outcome": "COMPLETED"' not in found["tasks"][0]:
        differences.append(Difference("tasks", "an ending", found["tasks"][0]))
    for name in ("camera_frames", "track_points", "media"):
        missing = set(map(_without_identity, found[name])) - set(map(_without_identity, expected[name]))
        if missing:
            differences.append(Difference(name, "only records of the whole task", min(missing)))
    return differences


def _without_identity(record: str) -> str:
    names = ("live_global_id", "global_id", "identity_confidence", "identity_revision", "applied_revision")
    return json.dumps({k: v for k, v in json.loads(record).items() if k not in names})


async def _rows(database_url: str, task_id: str) -> Outcome:
    connection = await asyncpg.connect(database_url)
    try:
        found = {}
        for table in TABLES:
            rows = await connection.fetch(f"SELECT * FROM {table} WHERE task_id = $1", task_id)  # noqa: S608
            hidden = _UNCOMPARED_COLUMNS.get(table, set())
            found[table] = sorted(_text({k: v for k, v in row.items() if k not in hidden}) for row in rows)
        return found
    finally:
        await connection.close()


def _exports(gateway_url: str, task_id: str) -> Outcome:
    found = {}
    for file_format, identities in _EXPORTS:
        answer = httpx.get(
            f"{gateway_url}/api/v1/processing-tasks/{task_id}/export",
            params={"format": file_format, "identities": identities},
            timeout=30,
        )
        answer.raise_for_status()
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        for name in archive.namelist():
            if name != "task.json":  # the task's row again, with its wall-clock times
                found[f"export {identities} {name}"] = archive.read(name).decode().splitlines()
    return found


def _messages(messages: list[dict[str, Any]]) -> Outcome:
    found: Outcome = defaultdict(list)
    for message in messages:
        if message["type"] in _COMPARED_MESSAGES:
            payload = {k: v for k, v in message["payload"].items() if k not in _WALL_CLOCK_FIELDS}
            found[f"socket {message['type']}"].append(_text(payload))
    # Several processes tell of events, and how often one is corrected depends on who is first; not what it ends as.
    events = {m["payload"]["event_id"]: m["payload"] for m in messages if m["type"] == "event"}
    found["socket event"] = sorted(_text({k: v for k, v in e.items() if k != "event_id"}) for e in events.values())
    last = messages[-1]["payload"] if messages else {}
    found["socket end"].append(_text({k: last.get(k) for k in ("status", "message")}))
    return dict(found)


def _text(record: dict[str, Any]) -> str:
    return json.dumps(record, default=str, sort_keys=True)
