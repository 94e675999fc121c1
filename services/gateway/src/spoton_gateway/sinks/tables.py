"""Rows into tables: what is there already stays as it is, so that a record may come any number of times."""

from collections.abc import Sequence

import asyncpg

from spoton_gateway.sinks import rows as columns
from spoton_gateway.sinks.rows import Row, Rows

_BULK = {
    "camera_frames": columns.CAMERA_FRAMES,
    "track_points": columns.TRACK_POINTS,
    "person_positions": columns.PERSON_POSITIONS,
}


async def prepare(connection: asyncpg.Connection) -> None:
    """Create the session's copies of the large tables, through which COPY goes."""
    for table in _BULK:
        await connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS new_{table} (LIKE {table}) ON COMMIT DELETE ROWS")


async def insert(connection: asyncpg.Connection, rows: Rows) -> None:
    """Insert a batch; call it inside a transaction."""
    await _copy(connection, "camera_frames", rows.camera_frames)
    await _copy(connection, "track_points", rows.track_points)
    await _copy(connection, "person_positions", rows.person_positions)
    await _insert(connection, "identity_revisions", columns.IDENTITY_REVISIONS, rows.identity_revisions)
    await _insert(connection, "identity_changes", columns.IDENTITY_CHANGES, rows.identity_changes)
    await _insert_events(connection, rows.events)


async def _copy(connection: asyncpg.Connection, table: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    names = ", ".join(_BULK[table])
    await connection.copy_records_to_table(f"new_{table}", records=rows, columns=_BULK[table])
    await connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM new_{table} ON CONFLICT DO NOTHING"  # noqa: S608
    )
    await connection.execute(f"DELETE FROM new_{table}")  # noqa: S608 (table names are ours)


async def _insert(connection: asyncpg.Connection, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
    if rows:
        values = ", ".join(f"${number}" for number in range(1, len(names) + 1))
        await connection.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) ON CONFLICT DO NOTHING",  # noqa: S608
            rows,
        )


async def _insert_events(connection: asyncpg.Connection, rows: Sequence[Row]) -> None:
    """Insert events; one that is said again, with its end for example, replaces what was known of it."""
    if not rows:
        return
    names = columns.EVENTS
    values = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    updates = ", ".join(f"{name} = excluded.{name}" for name in names[2:])
    await connection.executemany(
        f"INSERT INTO events ({', '.join(names)}) VALUES ({values})"  # noqa: S608 (names are ours)
        f" ON CONFLICT (task_id, event_id) DO UPDATE SET {updates}",
        rows,
    )
