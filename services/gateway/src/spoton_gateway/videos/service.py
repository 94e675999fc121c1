"""Annotated videos for the routes: what there is, what is being made, what is wrong."""

from dataclasses import dataclass

import asyncpg
from spoton_common.storage import NotFound as FileNotFound
from spoton_common.storage import Storage

from spoton_gateway.api.job_models import AnnotatedVideo
from spoton_gateway.database import Database
from spoton_gateway.errors import Conflict, NotFound, Unprocessable
from spoton_gateway.jobs.records import CAMERA
from spoton_gateway.queries.tasks import IS_OVER
from spoton_gateway.videos import rows
from spoton_gateway.videos.overlay import Blur
from spoton_gateway.videos.rows import VideoRow, Wanted
from spoton_gateway.videos.views import not_begun, view

_TASK = f"""
SELECT t.outcome, t.camera_ids, {IS_OVER} AS is_over,
       coalesce(t.message, (SELECT min(error) FROM task_cameras c WHERE c.task_id = t.task_id)) AS message,
       EXISTS (SELECT FROM camera_frames f WHERE f.task_id = t.task_id) AS has_frames,
       EXISTS (SELECT FROM camera_frames f WHERE f.task_id = t.task_id AND f.camera_id = $2) AS camera_has_frames,
       (SELECT error FROM task_cameras c WHERE c.task_id = t.task_id AND c.camera_id = $2) AS camera_error,
       coalesce((SELECT max(revision) FROM identity_revisions r WHERE r.task_id = t.task_id), 0) AS revision
FROM tasks t WHERE t.task_id = $1
"""  # noqa: S608 (all parts are ours)

_WAITING_JOB = """
SELECT EXISTS (
    SELECT FROM jobs j WHERE j.job_id = $1 AND j.queued_at IS NOT NULL AND j.removed_at IS NULL
      AND NOT EXISTS (SELECT FROM tasks t WHERE t.task_id = j.job_id)
)
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A video: how far it is, and where it lies if it is there."""

    state: AnnotatedVideo
    uri: str | None
    filename: str


class VideoService:
    """Everything it says stands in the database; the work is done by ``python -m spoton_gateway.videos``."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self.storage = storage

    async def look(
        self, task_id: str, camera_id: str | None, blur: Blur, *, as_grid: bool, again: bool = False
    ) -> Found:
        """Return a video, or how far it is; what was never asked for is asked for by this.

        ``again``: one that failed is tried once more. ``NotFound`` for tasks and cameras that do not exist,
        ``Conflict`` with the reason where there can be no video, ``Unprocessable`` for two layouts at once.
        """
        if as_grid and camera_id is not None:
            raise Unprocessable("choose: one camera, or all of them as a grid")
        async with self._database.connection() as connection:
            if camera_id in (None, CAMERA) and await connection.fetchval(_WAITING_JOB, task_id):
                wanted = Wanted(task_id, None if as_grid else CAMERA, blur)
                return Found(not_begun(wanted), None, _filename(wanted))
            task = await self._task(connection, task_id, camera_id)
            wanted = Wanted(task_id, self._camera(task, camera_id, as_grid=as_grid), blur)
            row = await rows.ask(connection, wanted)
            if await self._is_to_be_made_again(row, task["revision"], again=again):
                row = await rows.ask_again(connection, row)
        if row.status == "failed":
            raise Conflict(f"the video could not be made: {row.message}. POST here to try again")
        ready = row.uri if row.status == "finished" else None
        return Found(view(row, is_over=task["is_over"]), ready, _filename(wanted))

    async def _task(self, connection: asyncpg.Connection, task_id: str, camera_id: str | None) -> asyncpg.Record:
        task = await connection.fetchrow(_TASK, task_id, camera_id)
        if task is None:
            raise NotFound(f"there is no task {task_id!r}")
        if camera_id is not None and camera_id not in task["camera_ids"]:
            raise NotFound(f"task {task_id!r} has no camera {camera_id!r}")
        if task["outcome"] == "FAILED":
            raise Conflict(f"the task failed, so there is no video of it: {task['message'] or 'see its status'}")
        if task["is_over"] and not task["has_frames"]:
            raise Conflict("no picture of this task was processed, so there is nothing to show")
        if task["is_over"] and camera_id is not None and not task["camera_has_frames"]:
            why = f": {task['camera_error']}" if task["camera_error"] else ""
            raise Conflict(f"no picture of camera {camera_id!r} was processed{why}")
        return task

    @staticmethod
    def _camera(task: asyncpg.Record, camera_id: str | None, *, as_grid: bool) -> str | None:
        """Return the camera to show, None for all: if nothing is said, the only one."""
        if camera_id is None and not as_grid and len(task["camera_ids"]) == 1:
            return str(task["camera_ids"][0])
        return camera_id

    async def _is_to_be_made_again(self, row: VideoRow, revision: int, *, again: bool) -> bool:
        if row.status == "finished":
            # Identities were corrected since, or somebody took the file away.
            return row.revision < revision or row.uri is None or not await self._exists(row.uri)
        return row.status == "expired" or (row.status == "failed" and again)

    async def _exists(self, uri: str) -> bool:
        try:
            await self.storage.stat(uri)
        except FileNotFound:
            return False
        return True


def _filename(wanted: Wanted) -> str:
    blur = "" if wanted.blur == "none" else f"-{wanted.blur}-blurred"
    return f"{wanted.camera_id or 'grid'}{blur}.mp4"
