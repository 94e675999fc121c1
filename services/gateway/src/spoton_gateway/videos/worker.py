"""The loop of the process: takes the video whose turn it is, makes it, tidies up. Any number of them may run."""

import asyncio
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from spoton_common import metrics
from spoton_common.health import Health, State
from spoton_common.logging import get_logger
from spoton_common.settings import Connections, FileAccess, S3Settings
from spoton_common.storage import Storage, StorageError

from spoton_gateway.database import Database
from spoton_gateway.errors import Unavailable, VideoFailed
from spoton_gateway.jobs.records import CAMERA
from spoton_gateway.videos import rows, tidying
from spoton_gateway.videos.making import Given, Maker
from spoton_gateway.videos.pieces import room_in
from spoton_gateway.videos.rows import VideoRow
from spoton_gateway.videos.settings import VideoSettings, WorkerSettings

_log = get_logger()

NAME = "videos"

_LOOK_S = 0.5  # how late a wish is noticed
_TIDY_S = 60.0
_SAY_S = 1.0  # how often progress is noted; at least three times within a lease


class Worker:
    """Works until told to stop."""

    def __init__(
        self,
        connections: Connections,
        videos: VideoSettings,
        own: WorkerSettings,
        access: FileAccess,
        s3: S3Settings,
        health: Health,
    ) -> None:
        self._url = connections.database_url.get_secret_value()
        self._videos, self._own = videos, own
        self._access, self._s3 = access, s3
        self._health = health
        self._name = f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
        self._next_tidy_s = 0.0

    def run(self, stop: threading.Event, ready: Callable[[], None]) -> None:
        """Work until ``stop`` is set; the shape that ``run_service`` wants."""
        asyncio.run(self._run(stop, ready))

    async def _run(self, stop: threading.Event, ready: Callable[[], None]) -> None:
        metrics.announce(NAME)
        self._videos.dir.mkdir(parents=True, exist_ok=True)
        self._database = Database(self._url)
        self._database.start()
        try:
            async with Storage(self._access, self._s3) as self._storage:
                while not stop.is_set():
                    if not await self._look(stop, ready):
                        pause_s = random.uniform(_LOOK_S / 2, _LOOK_S)  # noqa: S311 (jitter)
                        await asyncio.to_thread(stop.wait, pause_s)
        finally:
            await self._database.stop()

    async def _look(self, stop: threading.Event, ready: Callable[[], None]) -> bool:
        """Do what there is to do; False if there was nothing, or the database is away."""
        try:
            await self._tidy()
            async with self._database.connection() as connection:
                if self._own.of_jobs:
                    await rows.ask_for_jobs(connection, CAMERA)
                row = await rows.claim(connection, self._name, self._own.lease_s)
            self._health.set("database", State.HEALTHY)
            ready()
            if row is not None:
                await self._take(row, stop)
        except Unavailable as error:
            self._health.set("database", State.UNHEALTHY, str(error))
            return False
        return row is not None

    async def _take(self, row: VideoRow, stop: threading.Event) -> None:
        log = _log.bind(task=row.wanted.task_id, camera=row.wanted.camera_id, blur=row.wanted.blur)
        log.info("video begun", attempt=row.attempts)
        try:
            if row.exhausted:
                raise VideoFailed("it was begun several times and its process ended each time at the same place")
            await self._make(row, stop)
        except VideoFailed as error:
            log.warning("video failed", reason=str(error))
            await self._fail(row, str(error))
        except Unavailable:
            raise
        except Given:
            log.info("video given back")
            metrics.VIDEOS.labels(NAME, "given_back").inc()
            async with self._database.connection() as connection:
                wanted = await rows.release(connection, row, self._name)
            if not wanted:
                await asyncio.to_thread(tidying.remove_work, self._videos.dir, row.video_id)
        except Exception:
            # Whatever it is about this one, the others' turn comes.
            log.exception("video failed")
            await self._fail(row, "something went wrong that nobody had thought of, see the log")
        else:
            log.info("video finished")
            metrics.VIDEOS.labels(NAME, "finished").inc()

    async def _fail(self, row: VideoRow, why: str) -> None:
        metrics.VIDEOS.labels(NAME, "failed").inc()
        async with self._database.connection() as connection:
            mine = await rows.fail(connection, row, self._name, why)
        if mine:
            await asyncio.to_thread(tidying.remove_work, self._videos.dir, row.video_id)

    async def _make(self, row: VideoRow, stop: threading.Event) -> None:
        attempt = _Attempt(self._database, row, self._name, min(_SAY_S, self._own.lease_s / 3), stop)
        telling = asyncio.create_task(attempt.tell())
        try:
            maker = Maker(self._database, self._storage, self._videos.dir, attempt.ended, attempt.say)
            work, path = await maker.make(row, attempt.planned)
            await self._publish(row, path)
            await asyncio.to_thread(work.remove)
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    async def _publish(self, row: VideoRow, path: Path) -> None:
        """Let the file appear, whole; its row knows of it before, so that nothing is left behind by a kill."""
        bucket = self._videos.bucket
        name = f"{row.video_id}-{uuid.uuid4().hex[:8]}.mp4"  # who reads an older one goes on reading it
        uri = f"{bucket}/{name}" if bucket else (self._videos.dir.resolve() / name).as_uri()
        async with self._database.connection() as connection:
            if not await rows.note_uri(connection, row, self._name, uri):
                raise Given
        try:
            with room_in(self._videos.dir):
                await self._storage.keep(path, uri)
        except StorageError as error:
            raise VideoFailed(f"it could not be put where videos lie ({error})") from error
        async with self._database.connection() as connection:
            if not await rows.finish(connection, row, self._name):
                await self._storage.remove(uri)
                raise Given

    async def _tidy(self) -> None:
        async with self._database.connection() as connection:
            await tidying.remove_files(connection, self._storage)
            if time.monotonic() >= self._next_tidy_s:
                await tidying.forget(connection, self._videos.dir, self._own.keep_days)
                self._next_tidy_s = time.monotonic() + _TIDY_S


class _Attempt:
    """What is told of a video while it is made; ``ended`` is set once there is no point in going on."""

    def __init__(self, database: Database, row: VideoRow, worker: str, every_s: float, stop: threading.Event) -> None:
        self._database, self._row, self._worker = database, row, worker
        self._every_s, self._stop = every_s, stop
        self._done, self._safe = 0, False
        self.ended = threading.Event()

    def say(self, done: int, safe: bool) -> None:
        """Take how far it is; from any thread."""
        self._done, self._safe = done, self._safe or safe

    async def planned(self, frames: int, revision: int) -> None:
        """Note what it will be; ``Given`` if it is somebody else's by now."""
        async with self._database.connection() as connection:
            if not await rows.note_plan(connection, self._row, self._worker, frames, revision):
                raise Given

    async def tell(self) -> None:
        """Note progress again and again, until it is somebody else's or the process stops."""
        while not self.ended.is_set():
            await asyncio.sleep(self._every_s)
            try:
                async with self._database.connection() as connection:
                    mine = await rows.note_progress(connection, self._row, self._worker, self._done, safe=self._safe)
            except Unavailable:
                continue  # whoever takes over meanwhile makes the same video; note_uri will say that it is lost
            if not mine or self._stop.is_set():
                self.ended.set()
