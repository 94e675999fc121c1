"""Records that no table takes, though their task waits for them: without these it would never end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import asyncpg
from spoton_schemas.records import IdentityRevision, Kind, MapPoints

from spoton_gateway.sinks import marks, tables
from spoton_gateway.sinks.notes import store_note
from spoton_gateway.sinks.rows import Rows


async def do_without(
    connection: asyncpg.Connection, record: IdentityRevision | MapPoints, said_at: datetime, why: str
) -> None:
    """Count a revision that corrects nothing, or end a task without what was said of its end; else do nothing.

    Once a revision can be stored and is sent again, it corrects what it says, and no note of it remains.
    """
    if isinstance(record, IdentityRevision):
        rows = Rows()
        rows.add_revision(replace(record, changes=()), said_at)
        await tables.insert(connection, rows)
        note = f"identity revision {record.revision} could not be stored, what it corrects is left as it was: {why}"
        await store_note(connection, record.task_id, _about(record), note)
    elif record.kind is Kind.END_OF_TASK:
        await marks.store_end(connection, replace(record, error=f"what was said of its end is lost: {why}"), said_at)


async def forget_notes(connection: asyncpg.Connection, revisions: Sequence[IdentityRevision]) -> None:
    """These revisions are stored."""
    await connection.executemany(
        "DELETE FROM task_notes WHERE task_id = $1 AND about = $2", [(r.task_id, _about(r)) for r in revisions]
    )


def _about(revision: IdentityRevision) -> str:
    return f"revision {revision.revision}"
