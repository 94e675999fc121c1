"""Tasks that ended long ago and what belongs to them, removed if somebody asked for it.

Age counts from the end of a task, not from the time of its footage: footage of last year that is processed today is
kept as long as footage of today.
"""

from datetime import datetime, timedelta

import asyncpg
from spoton_common.logging import get_logger

_log = get_logger()

_EVERY = timedelta(hours=1)
_TABLES = (
    "camera_frames",
    "track_points",
    "person_positions",
    "identity_changes",
    "identity_revisions",
    "identity_appearances",
    "events",
    "videos",
    "media",
    "task_progress",
    "task_notes",
    "task_cameras",
    "tasks",
)
"""All that have a task_id; the task itself last, so that an unfinished removal is found again."""


async def remove_task(connection: asyncpg.Connection, task_id: str) -> None:
    """Remove all rows of a task; call it inside a transaction."""
    for table in await _existing(connection):
        await connection.execute(f"DELETE FROM {table} WHERE task_id = $1", task_id)  # noqa: S608


class Retention:
    """Removes tasks once an hour; never if ``keep_days`` is None."""

    def __init__(self, keep_days: int | None) -> None:
        self._keep = None if keep_days is None else timedelta(days=keep_days)
        self._next: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Tell whether it is time to look."""
        return self._keep is not None and (self._next is None or now >= self._next)

    async def apply(self, connection: asyncpg.Connection, now: datetime) -> list[str]:
        """Remove what is too old and return the ids of the tasks; one transaction a task."""
        if self._keep is None:
            return []
        old = await connection.fetch(
            "SELECT task_id FROM tasks WHERE ended_at < $1 ORDER BY ended_at", now - self._keep
        )
        removed: list[str] = [row["task_id"] for row in old]
        for task_id in removed:
            async with connection.transaction():
                await remove_task(connection, task_id)
            _log.info("task removed: it ended long ago", task=task_id, keep_days=self._keep.days)
        self._next = now + _EVERY
        return removed


async def _existing(connection: asyncpg.Connection) -> list[str]:
    """List the tables without those that wait for an extension."""
    found = await connection.fetch(
        "SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS t (name, place)"
        " WHERE to_regclass(name) IS NOT NULL ORDER BY place",
        list(_TABLES),
    )
    return [row["name"] for row in found]
