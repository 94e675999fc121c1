"""Fetches sub-videos, ahead of their use where there is room."""

import asyncio
import errno
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import tenacity
from spoton_common import metrics
from spoton_common.health import Health, State
from spoton_common.logging import get_logger
from spoton_common.settings import FileAccess, S3Settings
from spoton_common.storage import Storage, Unreachable
from spoton_schemas.records import Segment

from spoton_ingest.cache import CacheFolder
from spoton_ingest.publisher import NAME

_log = get_logger()

_COMPONENT = "storage"
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0  # the storage's own client has tried for some seconds before
_FETCHES = 4  # at once; more share the same line


class Library:
    """Runs storage in a thread of its own; ``file://`` videos are read where they lie."""

    def __init__(self, cache: CacheFolder, max_bytes: int, access: FileAccess, s3: S3Settings, health: Health) -> None:
        self._cache = cache
        self._max_bytes = max_bytes
        self._storage = Storage(access, s3)
        self._health = health
        self._waiting = False
        self._sizes: dict[Path, int] = {}
        self._loop = asyncio.new_event_loop()
        self._places = asyncio.Semaphore(_FETCHES)
        self._thread = threading.Thread(target=self._loop.run_forever, name="library", daemon=True)
        self._thread.start()

    def fetch(self, segment: Segment) -> "Future[Path]":
        """Fetch a sub-video that is needed now; the future raises ``StorageError``.

        It waits, until it is cancelled, while the storage cannot be reached or the cache's disk is full.
        """
        return asyncio.run_coroutine_threadsafe(self._fetch_patiently(segment), self._loop)

    def prefetch(self, segment: Segment) -> "Future[Path | None]":
        """Fetch a sub-video that is needed next; None if the cache is too full for it."""
        return asyncio.run_coroutine_threadsafe(self._prefetch(segment), self._loop)

    def release(self, path: Path) -> None:
        """Say that a sub-video is not needed any more."""
        self._loop.call_soon_threadsafe(self._release, path)

    def close(self) -> None:
        """Stop all fetches and disconnect."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _fetch_patiently(self, segment: Segment) -> Path:
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=tenacity.wait_exponential_jitter(
                multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S, jitter=_FIRST_PAUSE_S
            ),
            before_sleep=self._tell,
        )
        path: Path = await retrying(self._fetch, segment)
        if self._waiting:
            self._waiting = False
            _log.info("videos can be fetched again")
        self._health.set(_COMPONENT, State.HEALTHY)
        return path

    def _tell(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._health.set(_COMPONENT, State.DEGRADED, f"waiting: {error}")
        if not self._waiting:
            self._waiting = True
            _log.warning("a video cannot be fetched now, trying again", error=str(error))

    async def _fetch(self, segment: Segment) -> Path:
        local = self._local(segment)
        if local is not None:
            return local
        return await self._copy(segment, (await self._storage.stat(segment.uri)).size)

    async def _prefetch(self, segment: Segment) -> Path | None:
        local = self._local(segment)
        if local is not None:
            return local
        size = (await self._storage.stat(segment.uri)).size
        if sum(self._sizes.values()) + size > self._max_bytes:
            return None
        return await self._copy(segment, size)

    def _local(self, segment: Segment) -> Path | None:
        began = time.perf_counter()
        path = self._storage.local_path(segment.uri)
        if path is not None:
            _observe("file", path, began)
        return path

    async def _copy(self, segment: Segment, size: int) -> Path:
        target = self._cache.place(segment.task_id, segment.camera_id, segment.sub_video_batch_index, segment.uri)
        self._sizes[target] = size
        began = time.perf_counter()
        try:
            async with self._places:
                await self._storage.fetch(segment.uri, target)
        except BaseException:
            self._release(target)
            raise
        _observe("s3", target, began)
        return target

    def _release(self, path: Path) -> None:
        if self._sizes.pop(path, None) is not None:
            self._cache.remove(path)

    async def _close(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._storage.__aexit__(None, None, None)


def _observe(source: str, path: Path, began: float) -> None:
    metrics.FETCH_SECONDS.labels(NAME, source).observe(time.perf_counter() - began)
    metrics.FETCH_BYTES.labels(NAME, source).inc(path.stat().st_size)


def _may_pass(error: BaseException) -> bool:
    """Tell whether trouble is with a server or a disk, and not with the video."""
    no_room = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return no_room or isinstance(error, Unreachable)
