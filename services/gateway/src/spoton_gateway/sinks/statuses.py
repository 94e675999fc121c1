"""Task statuses → tasks, their cameras, progress and media."""

from datetime import datetime

import asyncpg
from spoton_schemas.records import Stage, StatusKind, TaskStatus

from spoton_gateway.sinks.notes import store_note

_PROGRESS = """
INSERT INTO task_progress AS p
    (task_id, stage, camera_id, frames_done, global_frame_index, sub_video_batch_index, ended)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (task_id, stage, camera_id) DO UPDATE SET
    frames_done = greatest(p.frames_done, excluded.frames_done),
    global_frame_index = greatest(p.global_frame_index, excluded.global_frame_index),
    sub_video_batch_index = greatest(p.sub_video_batch_index, excluded.sub_video_batch_index),
    ended = p.ended OR excluded.ended
"""

_MEDIA = """
INSERT INTO media (task_id, camera_id, sub_video_batch_index, sub_video_filename, uri,
                   start_global_frame_index, num_frames, last)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (task_id, camera_id, sub_video_batch_index) DO UPDATE SET
    sub_video_filename = excluded.sub_video_filename, uri = excluded.uri,
    start_global_frame_index = excluded.start_global_frame_index, num_frames = excluded.num_frames,
    last = excluded.last
"""

# A task that ends before it has any media sends nothing through the stages that could end it in map-points.
_STOP_UNSTARTED = """
UPDATE tasks t
SET outcome = 'STOPPED', ended_at = $2, message = $3
WHERE t.task_id = $1 AND t.outcome IS NULL AND NOT EXISTS (SELECT FROM media m WHERE m.task_id = t.task_id)
"""

_FAIL_UNSTARTED = """
UPDATE tasks t
SET outcome = 'FAILED', ended_at = $2,
    message = (SELECT min(c.error) FROM task_cameras c WHERE c.task_id = t.task_id)
WHERE t.task_id = $1 AND t.outcome IS NULL AND t.scene IS NULL
  AND NOT EXISTS (SELECT FROM media m WHERE m.task_id = t.task_id)
  AND NOT EXISTS (
      SELECT FROM unnest(t.camera_ids) AS wanted (camera_id)
      LEFT JOIN task_cameras c ON c.task_id = t.task_id AND c.camera_id = wanted.camera_id
      WHERE c.error IS NULL
  )
"""


async def ensure_task(connection: asyncpg.Connection, task_id: str, environment_id: str, said_at: datetime) -> None:
    """Make sure that a task's row exists; it was created when somebody first spoke of it."""
    await connection.execute(
        "INSERT INTO tasks (task_id, environment_id, created_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (task_id) DO UPDATE SET created_at = least(tasks.created_at, excluded.created_at)"
        " WHERE excluded.created_at < tasks.created_at",
        task_id,
        environment_id,
        said_at,
    )


async def store_status(connection: asyncpg.Connection, status: TaskStatus, said_at: datetime) -> None:
    """Note what a stage says of a task; call it inside a transaction, in the order of the topic."""
    await ensure_task(connection, status.task_id, status.environment_id, said_at)
    if status.kind in (StatusKind.ACCEPTED, StatusKind.CAMERA_FAILED) and status.camera_ids:
        await connection.execute(
            "UPDATE tasks SET camera_ids = $2 WHERE task_id = $1 AND camera_ids = '{}'",
            status.task_id,
            sorted(status.camera_ids),
        )
    if status.kind in (StatusKind.PROGRESS, StatusKind.ENDED):
        await _store_progress(connection, status)
        if status.message is not None:
            await store_note(connection, status.task_id, status.stage.value, status.message)
    elif status.kind is StatusKind.MEDIA_AVAILABLE:
        await _store_media(connection, status)
    elif status.kind in (StatusKind.PAUSED, StatusKind.RESUMED):
        paused = status.kind is StatusKind.PAUSED
        await connection.execute("UPDATE tasks SET paused = $2 WHERE task_id = $1", status.task_id, paused)
    elif status.kind is StatusKind.STOPPED:
        await connection.execute(_STOP_UNSTARTED, status.task_id, said_at, status.message)
    elif status.kind is StatusKind.CAMERA_FAILED and status.camera_id is not None:
        await store_camera_error(connection, status.task_id, status.camera_id, status.message)
        await connection.execute(_FAIL_UNSTARTED, status.task_id, said_at)


async def store_camera_error(connection: asyncpg.Connection, task_id: str, camera_id: str, message: str | None) -> None:
    """Note why a camera's video ended early; what was said first stays."""
    await connection.execute(
        "INSERT INTO task_cameras (task_id, camera_id, error) VALUES ($1, $2, $3)"
        " ON CONFLICT (task_id, camera_id) DO UPDATE SET error = coalesce(task_cameras.error, excluded.error)",
        task_id,
        camera_id,
        message or "the camera failed",
    )


async def _store_progress(connection: asyncpg.Connection, status: TaskStatus) -> None:
    if status.stage is Stage.GATEWAY or status.frames_done is None:
        return
    await connection.execute(
        _PROGRESS,
        status.task_id,
        status.stage.value,
        status.camera_id or "",
        status.frames_done,
        status.global_frame_index,
        status.sub_video_batch_index,
        status.kind is StatusKind.ENDED,
    )
    if status.frames_done > 0:
        await _start(connection, status.task_id)


async def _store_media(connection: asyncpg.Connection, status: TaskStatus) -> None:
    media = status.media
    if media is None or status.camera_id is None:
        return
    await connection.execute(
        _MEDIA,
        status.task_id,
        status.camera_id,
        status.sub_video_batch_index or 0,
        media.sub_video_filename,
        media.uri,
        media.start_global_frame_index,
        media.num_frames_in_sub_video,
        media.last,
    )
    await _start(connection, status.task_id)


async def _start(connection: asyncpg.Connection, task_id: str) -> None:
    await connection.execute("UPDATE tasks SET started = true WHERE task_id = $1 AND NOT started", task_id)
