"""Which videos belong to a task."""

import asyncpg

from spoton_gateway.errors import NotFound


async def media_uri(
    connection: asyncpg.Connection,
    task_id: str,
    environment_id: str,
    camera_id: str,
    filename: str,
    batch: int | None,
) -> str:
    """Return where a sub-video lies; ``NotFound`` unless the task was told of it."""
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
    if uri is None:
        raise NotFound(f"task {task_id!r} has no video {filename!r} of camera {camera_id!r}")
    return str(uri)
