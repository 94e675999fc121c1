"""What the cameras of this process share."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from spoton_common.log_context import Place
from spoton_common.tracing import UNTRACED, Traceparent, Tracing
from spoton_schemas.records import Frame, Segment, TaskStatus

from spoton_ingest.chain import Chain
from spoton_ingest.job import JpegOptions
from spoton_ingest.pace import Pace
from spoton_ingest.traffic import Traffic


class Sink(Protocol):
    """Where records go."""

    def frame(self, record: Frame, trace: Traceparent | None = None) -> None:
        """Send a record of a camera's stream, with the trace that goes on from it."""

    def status(self, status: TaskStatus) -> None:
        """Send a status."""

    def state(self, chain: Chain, partition: int, offset: int) -> None:
        """Send a camera's state."""

    def flush(self) -> None:
        """Wait until the broker has everything."""


class Videos(Protocol):
    """Where sub-videos come from."""

    def fetch(self, segment: Segment) -> "Future[Path]":
        """Fetch a sub-video that is needed now."""

    def prefetch(self, segment: Segment) -> "Future[Path | None]":
        """Fetch a sub-video that is needed next, if there is room."""

    def release(self, path: Path) -> None:
        """Say that a sub-video is not needed any more."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all cameras share."""

    sink: Sink
    videos: Videos
    traffic: Traffic
    slots: threading.Semaphore
    options: JpegOptions
    failed: Callable[[Exception], None]
    pace: Pace | None = None
    tracing: Tracing = UNTRACED


@dataclass(frozen=True, slots=True)
class Ticket:
    """A segment, its offset, and where it lies in whole."""

    segment: Segment
    offset: int
    place: Place | None = None


def give_back(videos: Videos, future: "Future[Any]") -> None:
    """Cancel a fetch, and release its file where it is too late for that."""

    def release(done: "Future[Any]") -> None:
        if not done.cancelled() and done.exception() is None and done.result() is not None:
            videos.release(done.result())

    future.cancel()
    future.add_done_callback(release)
