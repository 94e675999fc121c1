"""Fetches sub-videos, ahead of their use where there is room."""

import asyncio
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from spoton_common import metrics
from spoton_common.settings import FileAccess, S3Settings
from spoton_common.storage import Storage
from spoton_schemas.records import Segment

from spoton_ingest.cache import CacheFolder
from spoton_ingest.publisher import NAME

_FETCHES = 4  # at once; more share the same line


class Library:
    """Runs storage in a thread of its own; ``file://`` videos are read where they lie."""

    def __init__(self, cache: CacheFolder, max_bytes: int, access: FileAccess, s3: S3Settings) -> None:
        self._cache = cache
        self._max_bytes = max_bytes
        self._storage = Storage(access, s3)
        self._sizes: dict[Path, int] = {}
        self._loop = asyncio.new_event_loop()
        self._places = asyncio.Semaphore(_FETCHES)
        self._thread = threading.Thread(target=self._loop.run_forever, name="library", daemon=True)
        self._thread.start()

    def fetch(self, segment: Segment) -> "Future[Path]":
        """Fetch a sub-video that is needed now; the future raises ``StorageError``."""
        return asyncio.run_coroutine_threadsafe(self._fetch(segment), self._loop)

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
