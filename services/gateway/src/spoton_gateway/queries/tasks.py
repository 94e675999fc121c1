"""Tasks: their status, derived from what the topics said."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import orjson
from spoton_schemas.records import Stage

from spoton_gateway.api.models import CameraProgress, TaskPage, TaskStatusView
from spoton_gateway.errors import BadCursor, NotFound
from spoton_gateway.progress import FRAMES_BY_STAGE, fraction_done
from spoton_gateway.ws.reader import Watched
from spoton_gateway.ws.story import Ending

IS_OVER = """(
    t.outcome IS NOT NULL AND (t.events_complete OR t.scene IS NULL)
    AND (SELECT count(*) FROM identity_revisions r WHERE r.task_id = t.task_id) >= t.final_revision
)"""
"""A task is over once its end is here, all revisions that belong to it are applied, and all its events are here.

One that never began (``scene`` is null) has no events. SQL on ``tasks t``.
"""

SAID = """nullif(concat_ws('; ', t.message, (
    SELECT string_agg(n.note, '; ' ORDER BY n.about) FROM task_notes n WHERE n.task_id = t.task_id
)), '')"""
"""What there is to say of a task: of its end, and of what was left out. SQL on ``tasks t``."""

_TASKS = f"""
SELECT t.*, {SAID} AS said,
       CASE
           WHEN {IS_OVER} THEN t.outcome
           WHEN t.paused THEN 'PAUSED'
           WHEN NOT t.started THEN 'QUEUED'
           ELSE 'RUNNING'
       END AS status
FROM tasks t
"""  # noqa: S608 (text is ours)

_PROGRESS = """
SELECT task_id, stage, camera_id, frames_done, ended FROM task_progress WHERE task_id = ANY ($1::text[])
"""

_MEDIA = """
SELECT task_id, camera_id, sum(num_frames)::bigint AS frames, count(*) AS sub_videos, bool_or(last) AS complete
FROM media WHERE task_id = ANY ($1::text[]) GROUP BY 1, 2
"""

_STORED = """
SELECT task_id, camera_id, count(*) AS frames FROM camera_frames WHERE task_id = ANY ($1::text[]) GROUP BY 1, 2
"""

_ERRORS = "SELECT task_id, camera_id, error FROM task_cameras WHERE task_id = ANY ($1::text[])"

# Jumps from identity to identity along the index instead of reading every box.
_IDENTITIES = """
SELECT w.task_id, (
    WITH RECURSIVE found AS (
        (SELECT global_id FROM track_points WHERE task_id = w.task_id AND global_id IS NOT NULL
         ORDER BY global_id LIMIT 1)
        UNION ALL
        SELECT (SELECT p.global_id FROM track_points p WHERE p.task_id = w.task_id AND p.global_id > f.global_id
                ORDER BY p.global_id LIMIT 1)
        FROM found f WHERE f.global_id IS NOT NULL
    ) SELECT count(global_id) FROM found
) AS identities
FROM unnest($1::text[]) AS w (task_id)
"""


async def status(connection: asyncpg.Connection, task_id: str) -> TaskStatusView:
    """Return a task's status; ``NotFound``."""
    rows = await connection.fetch(f"{_TASKS} WHERE t.task_id = $1", task_id)
    if not rows:
        raise NotFound(f"there is no task {task_id!r}")
    return (await _views(connection, rows))[0]


async def page(connection: asyncpg.Connection, cursor: str | None, limit: int) -> TaskPage:
    """Return tasks, newest first; ``BadCursor``."""
    created_at, task_id = _parse(cursor) if cursor else (None, None)
    rows = await connection.fetch(
        f"{_TASKS} WHERE $1::timestamptz IS NULL OR (t.created_at, t.task_id) < ($1, $2)"
        " ORDER BY t.created_at DESC, t.task_id DESC LIMIT $3",
        created_at,
        task_id,
        limit + 1,
    )
    views = await _views(connection, rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return TaskPage(items=views, next_cursor=f"{last['created_at'].isoformat()}~{last['task_id']}" if last else None)


async def watched(connection: asyncpg.Connection, task_id: str) -> Watched:
    """Return what somebody who begins to watch a task must know; ``NotFound``."""
    # A zero byte is no character to PostgreSQL: no task has one in its name.
    known = "\0" not in task_id
    query = f"SELECT t.*, {IS_OVER} AS is_over FROM tasks t WHERE t.task_id = $1"  # noqa: S608 (text is ours)
    row = await connection.fetchrow(query, task_id) if known else None
    if row is None:
        raise NotFound(f"there is no task {task_id!r}")
    ending = Ending(row["outcome"], row["message"]) if row["is_over"] else None
    cameras = frozenset(row["camera_ids"])
    return Watched(task_id, row["environment_id"], cameras, row["sub_videos"], row["created_at"], ending)


async def create(
    connection: asyncpg.Connection,
    task_id: str,
    environment_id: str,
    camera_ids: Sequence[str],
    created_at: datetime,
    sub_videos: int,
) -> None:
    """Note a task that was announced, unless the sink was faster; the sink completes it from the topics."""
    await connection.execute(
        "INSERT INTO tasks (task_id, environment_id, camera_ids, created_at, sub_videos) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (task_id) DO UPDATE SET sub_videos = excluded.sub_videos,"
        " created_at = least(tasks.created_at, excluded.created_at)",
        task_id,
        environment_id,
        sorted(camera_ids),
        created_at,
        sub_videos,
    )


async def environment_and_status(connection: asyncpg.Connection, task_id: str) -> tuple[str, str]:
    """Return a task's environment and status; ``NotFound``."""
    row = await connection.fetchrow(f"{_TASKS} WHERE t.task_id = $1", task_id)
    if row is None:
        raise NotFound(f"there is no task {task_id!r}")
    return row["environment_id"], row["status"]


async def _views(connection: asyncpg.Connection, rows: Sequence[asyncpg.Record]) -> list[TaskStatusView]:
    ids = [row["task_id"] for row in rows]
    facts = _Facts(
        await connection.fetch(_PROGRESS, ids),
        await connection.fetch(_MEDIA, ids),
        await connection.fetch(_STORED, ids),
        await connection.fetch(_ERRORS, ids),
        {row["task_id"]: row["identities"] for row in await connection.fetch(_IDENTITIES, ids)},
    )
    return [facts.view(row) for row in rows]


class _Facts:
    """What the tables say of some tasks."""

    def __init__(
        self,
        progress: Sequence[asyncpg.Record],
        media: Sequence[asyncpg.Record],
        stored: Sequence[asyncpg.Record],
        errors: Sequence[asyncpg.Record],
        identities: dict[str, int],
    ) -> None:
        self._progress = progress
        self._media = media
        self._stored = stored
        self._errors = errors
        self._identities = identities

    def view(self, task: asyncpg.Record) -> TaskStatusView:
        task_id = task["task_id"]
        stored = {r["camera_id"]: r["frames"] for r in self._stored if r["task_id"] == task_id}
        errors = {r["camera_id"]: r["error"] for r in self._errors if r["task_id"] == task_id}
        expected, progress = self._expected(task, sum(stored.values()), errors)
        return TaskStatusView(
            task_id=task_id,
            environment_id=task["environment_id"],
            status=task["status"],
            progress=1.0 if task["status"] == "COMPLETED" else round(progress, 4),
            created_at=task["created_at"],
            ended_at=task["ended_at"] if task["outcome"] else None,
            camera_ids=sorted(task["camera_ids"]),
            frames_expected=expected,
            frames=self._frames(task_id, sum(stored.values())),
            identities_found=self._identities[task_id],
            cameras={
                camera: CameraProgress(frames_done=stored.get(camera, 0), error=errors.get(camera))
                for camera in sorted({*task["camera_ids"], *stored, *errors})
            },
            message=task["said"],
        )

    def _frames(self, task_id: str, stored: int) -> dict[str, int]:
        """Count frames by topic; what is in the database has passed every topic, even if not all stages said so yet."""
        counts = dict.fromkeys(FRAMES_BY_STAGE.values(), 0)
        for row in self._progress:
            topic = FRAMES_BY_STAGE.get(Stage(row["stage"])) if row["task_id"] == task_id else None
            if topic is not None:
                counts[topic] += row["frames_done"]
        return {**{topic: max(count, stored) for topic, count in counts.items()}, "database": stored}

    def _expected(self, task: asyncpg.Record, done: int, errors: dict[str, str]) -> tuple[int | None, float]:
        """Return the frames that the task will have (None: not known yet), and the part that is in the database."""
        media = {r["camera_id"]: r for r in self._media if r["task_id"] == task["task_id"]}
        decoded = {
            r["camera_id"]: r["frames_done"]
            for r in self._progress
            if r["task_id"] == task["task_id"] and r["stage"] == Stage.INGEST and r["ended"] and r["camera_id"]
        }
        # What a camera delivered counts once it has ended; until then, what its videos promise.
        frames = sum(decoded.get(c, m["frames"]) for c, m in media.items())
        cameras = task["camera_ids"]
        settled = [c in decoded or (media[c]["complete"] if c in media else c in errors) for c in cameras]
        known = sum(m["sub_videos"] for m in media.values())
        if cameras and all(settled):
            return frames, fraction_done(done, frames, known, known)
        return None, fraction_done(done, frames, known, task["sub_videos"])


def _parse(cursor: str) -> tuple[datetime, str]:
    created_at, _, task_id = cursor.partition("~")
    try:
        return datetime.fromisoformat(created_at), task_id
    except ValueError as error:
        raise BadCursor(f"{cursor[:80]!r} is not a cursor of this list") from error


async def scene_of(connection: asyncpg.Connection, task_id: str) -> dict[str, object] | None:
    """Return the scene with which a task began, or None before its start."""
    text = await connection.fetchval("SELECT scene::text FROM tasks WHERE task_id = $1", task_id)
    return orjson.loads(text) if text else None
