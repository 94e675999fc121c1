"""Fetching while the storage or the cache's disk is in trouble; the storage is a fake."""

import asyncio
import errno
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from glob import glob
from pathlib import Path

import pytest
from spoton_common.health import Health, State
from spoton_common.settings import FileAccess, S3Settings
from spoton_common.storage import MediaStat, NotFound, Unreachable
from spoton_ingest import fetching
from spoton_ingest.cache import CacheFolder
from spoton_ingest.fetching import Library
from spoton_schemas.records import Segment

SEGMENT = Segment(
    task_id="t", environment_id="e", camera_id="c0", sub_video_batch_index=0, uri="s3://videos/a.mp4", last=True
)


@dataclass
class Trouble:
    """A storage that raises what stands in ``errors`` before it delivers."""

    errors: list[Exception] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    attempts: int = 0

    def local_path(self, _uri: str) -> None:
        return None

    async def stat(self, _uri: str) -> MediaStat:
        return MediaStat(5, "tag")

    async def fetch(self, _uri: str, target: Path) -> None:
        self.attempts += 1
        await asyncio.to_thread(target.write_bytes, b"vid")
        if self.attempts > 1:
            self.asked.set()
        if self.errors:
            raise self.errors.pop(0)
        await asyncio.to_thread(target.write_bytes, b"video")

    async def __aexit__(self, *_: object) -> None:
        pass


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch) -> Trouble:
    trouble = Trouble()
    monkeypatch.setattr(fetching, "Storage", lambda *_: trouble)
    monkeypatch.setattr(fetching, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(fetching, "_LONGEST_PAUSE_S", 0.002)
    return trouble


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def library(trouble: Trouble, health: Health, tmp_path: Path) -> Iterator[Library]:  # noqa: ARG001 (patches)
    with CacheFolder(tmp_path) as cache:
        library = Library(cache, 10**9, FileAccess(), S3Settings(), health)
        yield library
        library.close()


def storage_state(health: Health) -> dict[str, object]:
    return health.report()["components"]["storage"]  # type: ignore[index, no-any-return]


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("s3://videos/a.mp4: the object storage cannot be reached"),
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
    ],
)
def test_an_absent_storage_and_a_full_disk_are_waited_for(
    library: Library, trouble: Trouble, health: Health, error: Exception
) -> None:
    trouble.errors = [error] * 5
    assert library.fetch(SEGMENT).result(10).read_bytes() == b"video"
    assert trouble.attempts == 6
    assert storage_state(health) == {"status": State.HEALTHY, "detail": ""}


def test_while_it_waits_health_says_why_no_file_is_left_and_a_stop_of_the_task_ends_it(
    library: Library, trouble: Trouble, health: Health, tmp_path: Path
) -> None:
    trouble.errors = [OSError(errno.ENOSPC, "No space left on device")] * 10**6
    future = library.fetch(SEGMENT)
    assert trouble.asked.wait(10)
    assert storage_state(health) == {
        "status": State.DEGRADED,
        "detail": "waiting: [Errno 28] No space left on device",
    }
    future.cancel()
    deadline = time.monotonic() + 10
    while glob("**/*.mp4", root_dir=tmp_path, recursive=True):  # noqa: PTH207, rglob fails when a folder goes away
        assert time.monotonic() < deadline
    attempts = trouble.attempts
    assert library.prefetch(replace(SEGMENT, task_id="other")).exception(10) is not None
    assert trouble.attempts == attempts + 1


def test_a_video_that_is_not_there_is_not_waited_for(library: Library, trouble: Trouble) -> None:
    trouble.errors = [NotFound("s3://videos/a.mp4: there is no such object")]
    with pytest.raises(NotFound):
        library.fetch(SEGMENT).result(10)
    assert trouble.attempts == 1
