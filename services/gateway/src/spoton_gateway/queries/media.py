"""Which videos belong to a task."""

import asyncpg


async def media_uri(
    connection: asyncpg.Connection,
    task_id: str,
    environment_id: str,
    camera_id: str,
    filename: str,
    batch: int | None,
) -> str | None:
    """Return where a sub-video lies; None unless the task was told of it."""
    uri = await connection.fetchval(
        "SELECT m.uri FROM media m JOIN tasks t USING (task_id)"
        " WHERE m.task_id = $1 AND t.environment_id = $2 AND m.camera_id = $3 AND m.sub_video_filename = $4"
        " AND ($5::integer IS NULL OR m.sub_video_batch_index = $5)"
        " ORDER BY m.sub_video_batch_index LIMIT 1",
        task_id,
        environment_id,
        camera_id,
        filename,
        batch,
    )
    return None if uri is None else str(uri)


async def may_get_media(connection: asyncpg.Connection, task_id: str) -> bool:
    """Tell whether the task exists and has not ended."""
    return bool(await connection.fetchval("SELECT outcome IS NULL FROM tasks WHERE task_id = $1", task_id))
