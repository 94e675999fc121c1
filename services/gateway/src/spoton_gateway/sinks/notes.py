"""What was left out of a task that goes on all the same → ``task_notes``; the task's status tells."""

import asyncpg


async def store_note(connection: asyncpg.Connection, task_id: str, about: str, note: str) -> None:
    """Note what was left out; the last thing said about a matter stays."""
    await connection.execute(
        "INSERT INTO task_notes (task_id, about, note) VALUES ($1, $2, $3)"
        " ON CONFLICT (task_id, about) DO UPDATE SET note = excluded.note",
        task_id,
        about,
        note,
    )
