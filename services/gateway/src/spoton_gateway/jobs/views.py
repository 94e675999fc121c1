"""Jobs as people see them, derived from what the sink writes of their tasks."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from spoton_gateway.api.job_models import BriefEvent, BriefEvents, Job, JobPage, JobStatus, Video
from spoton_gateway.errors import BadCursor, NotFound
from spoton_gateway.jobs.records import CAMERA, environment_of
from spoton_gateway.progress import FRAMES_BY_STAGE
from spoton_gateway.queries import events as timeline
from spoton_gateway.queries.tasks import IS_OVER, SAID
from spoton_gateway.videos import rows as videos
from spoton_gateway.videos.views import view as video_view

_ALMOST = 99.9
"""The last bit of the progress is the end itself."""

_MOST_EVENTS = 20_000  # as the timeline gives at once

_STATUS = f"""
SELECT j.*, t.outcome, {SAID} AS message, t.ended_at,
       CASE
           WHEN {IS_OVER}
               THEN CASE t.outcome WHEN 'COMPLETED' THEN 'completed' WHEN 'FAILED' THEN 'failed' ELSE 'cancelled' END
           WHEN t.started THEN 'processing'
           ELSE 'queued'
       END AS status
FROM jobs j LEFT JOIN tasks t ON t.task_id = j.job_id
WHERE j.queued_at IS NOT NULL AND j.removed_at IS NULL
"""  # noqa: S608 (text is ours)

_FACTS = """
SELECT (SELECT count(*) FROM camera_frames f WHERE f.task_id = $1) AS done,
       ARRAY(SELECT sum(frames_done)::bigint FROM task_progress
             WHERE task_id = $1 AND stage = ANY ($2) GROUP BY stage) AS stages,
       coalesce(
           (SELECT max(frames_done) FROM task_progress WHERE task_id = $1 AND stage = 'INGEST' AND ended),
           (SELECT sum(num_frames) FROM media WHERE task_id = $1)
       ) AS expected,
       (SELECT min(error) FROM task_cameras WHERE task_id = $1) AS error
"""


async def job(connection: asyncpg.Connection, job_id: str) -> Job:
    """Return a job; ``NotFound``."""
    row = await connection.fetchrow(f"{_STATUS} AND j.job_id = $1", job_id)
    if row is None:
        raise NotFound(f"there is no job {job_id!r}")
    return await _view(connection, row)


async def page(
    connection: asyncpg.Connection, status: JobStatus | None, cursor: str | None, skip: int, limit: int
) -> JobPage:
    """Return jobs, newest first; new ones do not move the pages behind a cursor. ``BadCursor``."""
    queued_at, job_id = _parse(cursor) if cursor else (None, None)
    jobs = f"SELECT * FROM ({_STATUS}) AS s WHERE ($1::text IS NULL OR s.status = $1)"  # noqa: S608 (text is ours)
    rows = await connection.fetch(
        f"{jobs} AND ($2::timestamptz IS NULL OR (s.queued_at, s.job_id) < ($2, $3))"
        " ORDER BY s.queued_at DESC, s.job_id DESC OFFSET $4 LIMIT $5",
        status,
        queued_at,
        job_id,
        skip,
        limit + 1,
    )
    total = await connection.fetchval(f"SELECT count(*) FROM ({jobs}) AS c", status)  # noqa: S608
    last = rows[limit - 1] if len(rows) > limit else None
    return JobPage(
        items=[await _view(connection, row) for row in rows[:limit]],
        total=total,
        next_cursor=f"{last['queued_at'].isoformat()}~{last['job_id']}" if last else None,
    )


async def events(connection: asyncpg.Connection, job_id: str) -> BriefEvents:
    """Return what happened in a job's video so far; ``NotFound``."""
    found = await job(connection, job_id)
    items: list[BriefEvent] = []
    if found.started_at is not None:
        # Scene time is the video's own: the only camera has no offset.
        page = await timeline.page(connection, job_id, timeline.Wanted(), None, _MOST_EVENTS)
        items = [BriefEvent(**{name: getattr(event, name) for name in BriefEvent.model_fields}) for event in page.items]
    return BriefEvents(job_id=job_id, status=found.status, events=items)


async def _view(connection: asyncpg.Connection, row: asyncpg.Record) -> Job:
    job_id, status = row["job_id"], row["status"]
    facts = await connection.fetchrow(_FACTS, job_id, list(FRAMES_BY_STAGE))
    drawn = await videos.find(connection, videos.Wanted(job_id, CAMERA, "none"))
    return Job(
        job_id=job_id,
        file_key=row["file_key"],
        environment_id=environment_of(job_id),
        user=row["owner"],
        status=status,
        progress=progress(status, facts["done"], facts["stages"], facts["expected"]),
        message=sentence(status, row["message"] or facts["error"], row["file_key"], row["file_name"]),
        created_at=row["queued_at"],
        started_at=row["announced_at"],
        ended_at=row["ended_at"] if row["outcome"] else None,
        classes=row["classes"],
        status_url=f"/api/v1/jobs/{job_id}",
        websocket_url=f"/ws/tracking/{job_id}",
        video=Video(**{name: row[name] for name in Video.model_fields}),
        annotated_video=None if drawn is None else video_view(drawn, is_over=status not in ("queued", "processing")),
    )


def progress(status: str, done: int, stages: Sequence[int], expected: int | None) -> float:
    """Return percent of the pictures that a video has, as the mean over the stages and the database.

    All counts only move towards the end: stages report every second, and of pictures that turn out damaged fewer are
    expected. ``done`` pictures are in the database, so every stage has had them, whether it said so yet or not.
    """
    if status == "completed":
        return 100.0
    if not expected:
        return 0.0
    said = [*stages, *[0] * len(FRAMES_BY_STAGE)][: len(FRAMES_BY_STAGE)]
    counts = [done, *(max(done, count) for count in said)]
    passed = sum(min(count, expected) for count in counts)
    return round(min(100 * passed / (expected * len(counts)), _ALMOST), 2)


def sentence(status: str, message: str | None, file_key: str, file_name: str) -> str | None:
    """Tell a person in a sentence why a job failed, by the name that the person gave the file."""
    if message is not None:
        message = message.replace(file_key, file_name)
    if status != "failed":
        return message
    return f"The video could not be processed: {message or 'nobody said why, see the log of ingest'}."


def _parse(cursor: str) -> tuple[datetime, str]:
    queued_at, _, job_id = cursor.partition("~")
    try:
        moment = datetime.fromisoformat(queued_at)
    except ValueError as error:
        raise BadCursor(f"{cursor[:80]!r} is not a cursor of this list") from error
    if moment.tzinfo is None or not job_id:
        raise BadCursor(f"{cursor[:80]!r} is not a cursor of this list")
    return moment, job_id
