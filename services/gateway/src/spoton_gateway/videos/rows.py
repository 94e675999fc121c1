"""The table ``videos``: what is wanted, and how far it is."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from spoton_gateway.queries.tasks import IS_OVER
from spoton_gateway.videos.overlay import Blur

_MAX_ATTEMPTS = 3

_ASK = """
INSERT INTO videos (video_id, task_id, camera_id, blur, status, requested_at, used_at)
VALUES ($1, $2, $3, $4, 'waiting', now(), now())
ON CONFLICT (task_id, coalesce(camera_id, ''), blur) DO UPDATE SET used_at = now()
RETURNING *
"""

_AGAIN = """
UPDATE videos SET status = 'waiting', requested_at = now(), attempts = 0, frames = 0, frames_done = 0, message = NULL
WHERE video_id = $1 AND status IN ('finished', 'failed', 'expired') RETURNING *
"""

# Jobs of long ago are left alone: who wants to see one asks.
_ASK_FOR_JOBS = f"""
INSERT INTO videos (video_id, task_id, camera_id, blur, status, requested_at, used_at)
SELECT gen_random_uuid()::text, j.job_id, $1, 'none', 'waiting', now(), now()
FROM jobs j JOIN tasks t ON t.task_id = j.job_id
WHERE j.removed_at IS NULL AND t.ended_at > now() - INTERVAL '1 day' AND t.outcome <> 'FAILED' AND {IS_OVER}
  AND EXISTS (SELECT FROM camera_frames f WHERE f.task_id = j.job_id)
  AND NOT EXISTS (
      SELECT FROM videos v WHERE v.task_id = j.job_id AND coalesce(v.camera_id, '') = $1 AND v.blur = 'none'
  )
ON CONFLICT DO NOTHING
"""  # noqa: S608 (all parts are ours)

_CLAIM = f"""
UPDATE videos SET status = 'making', worker = $1, alive_at = now(), attempts = attempts + 1
WHERE video_id = (
    SELECT v.video_id FROM videos v JOIN tasks t USING (task_id)
    WHERE (v.status = 'waiting' OR (v.status = 'making' AND v.alive_at < now() - $2::interval)) AND {IS_OVER}
    ORDER BY v.requested_at, v.video_id LIMIT 1 FOR UPDATE OF v SKIP LOCKED
)
RETURNING *
"""  # noqa: S608 (all parts are ours)

_MINE = "video_id = $1 AND worker = $2 AND status = 'making'"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which video of a task; ``camera_id`` None: all cameras as a grid."""

    task_id: str
    camera_id: str | None
    blur: Blur


@dataclass(frozen=True, slots=True)
class VideoRow:
    """A row of the table."""

    video_id: str
    wanted: Wanted
    status: str
    attempts: int
    frames: int
    frames_done: int
    revision: int
    uri: str | None
    message: str | None

    @property
    def progress(self) -> float:
        """Percent of the pictures that are drawn; joining them is the last bit."""
        if self.status == "finished":
            return 100.0
        return round(min(100 * self.frames_done / self.frames, 99.9), 1) if self.frames else 0.0

    @property
    def exhausted(self) -> bool:
        """Whether it was begun so often without going forward that it is no use."""
        return self.attempts > _MAX_ATTEMPTS


def row_of(record: Mapping[str, object]) -> VideoRow:
    """Read a row."""
    values = dict(record)
    wanted = Wanted(**{name: values[name] for name in ("task_id", "camera_id", "blur")})  # type: ignore[arg-type]
    own = [name for name in VideoRow.__dataclass_fields__ if name != "wanted"]
    return VideoRow(wanted=wanted, **{name: values[name] for name in own})  # type: ignore[arg-type]


async def ask(connection: asyncpg.Connection, wanted: Wanted) -> VideoRow:
    """Note that somebody wants a video; asked again, it is the same one."""
    row = await connection.fetchrow(_ASK, str(uuid.uuid4()), wanted.task_id, wanted.camera_id, wanted.blur)
    return row_of(row)


async def ask_again(connection: asyncpg.Connection, row: VideoRow) -> VideoRow:
    """Let a video be made anew that is outdated, failed or gone."""
    again = await connection.fetchrow(_AGAIN, row.video_id)
    return row if again is None else row_of(again)


async def find(connection: asyncpg.Connection, wanted: Wanted) -> VideoRow | None:
    """Return a video that was asked for."""
    row = await connection.fetchrow(
        "SELECT * FROM videos WHERE task_id = $1 AND coalesce(camera_id, '') = coalesce($2, '') AND blur = $3",
        wanted.task_id,
        wanted.camera_id,
        wanted.blur,
    )
    return None if row is None else row_of(row)


async def ask_for_jobs(connection: asyncpg.Connection, camera_id: str) -> None:
    """Ask for the videos of all jobs that have completed lately."""
    await connection.execute(_ASK_FOR_JOBS, camera_id)


async def claim(connection: asyncpg.Connection, worker: str, lease_s: float) -> VideoRow | None:
    """Take the video whose turn it is: one that waits, or whose worker has died."""
    row = await connection.fetchrow(_CLAIM, worker, timedelta(seconds=lease_s))
    return None if row is None else row_of(row)


async def note_plan(connection: asyncpg.Connection, row: VideoRow, worker: str, frames: int, revision: int) -> bool:
    """Note how long a video will be, and which identities it shows; False if it is no longer this worker's."""
    update = f"UPDATE videos SET frames = $3, revision = $4, alive_at = now() WHERE {_MINE}"  # noqa: S608
    return _did(await connection.execute(update, row.video_id, worker, frames, revision))


async def note_progress(
    connection: asyncpg.Connection, row: VideoRow, worker: str, frames_done: int, *, safe: bool
) -> bool:
    """Note how far a video is, and that its worker lives; ``safe``: so far it will not be made again.

    False if it is no longer this worker's.
    """
    update = (
        "UPDATE videos SET frames_done = $3, alive_at = now(), attempts = CASE WHEN $4 THEN 1 ELSE attempts END"  # noqa: S608
        f" WHERE {_MINE}"
    )
    return _did(await connection.execute(update, row.video_id, worker, frames_done, safe))


async def note_uri(connection: asyncpg.Connection, row: VideoRow, worker: str, uri: str) -> bool:
    """Note where a video is about to lie: from then on its removal finds the file; False if it is not ours."""
    update = f"UPDATE videos SET uri = $3, alive_at = now() WHERE {_MINE}"  # noqa: S608
    return _did(await connection.execute(update, row.video_id, worker, uri))


async def finish(connection: asyncpg.Connection, row: VideoRow, worker: str) -> bool:
    """Note that a video is there; False if it is no longer this worker's."""
    update = f"UPDATE videos SET status = 'finished', frames_done = frames, used_at = now() WHERE {_MINE}"  # noqa: S608
    return _did(await connection.execute(update, row.video_id, worker))


async def fail(connection: asyncpg.Connection, row: VideoRow, worker: str, message: str) -> bool:
    """Note why a video cannot be made; False if it is no longer this worker's."""
    update = f"UPDATE videos SET status = 'failed', message = $3 WHERE {_MINE}"  # noqa: S608
    return _did(await connection.execute(update, row.video_id, worker, message))


async def release(connection: asyncpg.Connection, row: VideoRow, worker: str) -> bool:
    """Give a video back, for the next worker to go on with; False if nobody wants it any more."""
    update = f"UPDATE videos SET status = 'waiting', attempts = attempts - 1 WHERE {_MINE}"  # noqa: S608
    await connection.execute(update, row.video_id, worker)
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM videos WHERE video_id = $1)", row.video_id))


def _did(tag: str) -> bool:
    return tag.endswith(" 1")
