"""START and END_OF_TASK of map-points, and the mark behind the last event → the task's row."""

from datetime import datetime

import asyncpg
import msgspec
from spoton_schemas.records import Event, MapPoints, Outcome

from spoton_gateway.sinks.rows import from_micros
from spoton_gateway.sinks.statuses import ensure_task


async def store_start(connection: asyncpg.Connection, record: MapPoints, said_at: datetime) -> None:
    """Note the scene and the origin of a task's time; what was said first stays, rows were written with it."""
    await ensure_task(connection, record.task_id, record.environment_id, said_at)
    start = record.start
    if start is None:
        return
    await connection.execute(
        "UPDATE tasks SET scene = $2::text::jsonb, camera_ids = $3, started = true,"
        " origin = coalesce(origin, $4, created_at),"
        # Of a task without announcement not all cameras were known: those that failed were not all.
        # Said again after the end (the mapper, or this sink, was killed), it changes nothing.
        " outcome = CASE WHEN scene IS NULL THEN NULL ELSE outcome END,"
        " ended_at = CASE WHEN scene IS NULL THEN NULL ELSE ended_at END,"
        " message = CASE WHEN scene IS NULL THEN NULL ELSE message END WHERE task_id = $1",
        record.task_id,
        msgspec.json.encode(start.scene).decode(),
        sorted(start.camera_ids),
        from_micros(start.origin_us) if start.origin_us else None,
    )


async def store_end(connection: asyncpg.Connection, record: MapPoints, said_at: datetime) -> None:
    """Note how a task ended, and up to which revision its identities go."""
    await ensure_task(connection, record.task_id, record.environment_id, said_at)
    await connection.execute(
        "UPDATE tasks SET outcome = $2, message = $3, ended_at = $4, final_revision = $5 WHERE task_id = $1",
        record.task_id,
        (record.outcome or Outcome.COMPLETED).value,
        record.error,
        said_at,
        record.identity_revision,
    )


async def store_events_end(connection: asyncpg.Connection, mark: Event, said_at: datetime) -> None:
    """Note that all events of a task are here: what stood before the mark came before it."""
    await ensure_task(connection, mark.task_id, mark.environment_id, said_at)
    await connection.execute("UPDATE tasks SET events_complete = true WHERE task_id = $1", mark.task_id)


async def origins(connection: asyncpg.Connection, task_ids: set[str]) -> dict[str, datetime]:
    """Return the wall-clock time of scene time zero of each task."""
    found = await connection.fetch(
        "SELECT task_id, coalesce(origin, created_at) AS origin FROM tasks WHERE task_id = ANY ($1::text[])",
        list(task_ids),
    )
    return {row["task_id"]: row["origin"] for row in found}
