"""What the job in work needs from the process around it, for one camera."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from spoton_common import log_context, metrics
from spoton_common.runtime.observed import span_attributes
from spoton_common.tracing import Traceparent, read_traceparent
from spoton_schemas.records import Frame, Kind, Segment, TaskStatus

from spoton_ingest import statuses
from spoton_ingest.chain import Chain
from spoton_ingest.publisher import NAME
from spoton_ingest.workshop import Ticket, Workshop, give_back


class CameraDesk:
    """What the job in work needs from the process around it; also counts what it publishes."""

    def __init__(
        self,
        chain: Chain,
        shop: Workshop,
        take_fetch: "Callable[[int], Future[Any] | None]",
        save_state: Callable[[Chain, int], None],
    ) -> None:
        self._shop = shop
        self._save_state = save_state
        self._take_fetch = take_fetch
        self._ticket: Ticket | None = None
        self._path: Path | None = None
        self._chain = chain
        self._last = (0, 0, chain.frames)
        self._told = self._last
        self._trace: Traceparent | None = None
        self._began_ns = 0
        self._slot = _TimedSlot(shop.slots)

    def begin(self, ticket: Ticket, chain: Chain) -> None:
        """Work on a segment begins, or begins again."""
        self._ticket, self._chain = ticket, chain
        self._began_ns = time.time_ns()
        if ticket.place is not None:
            log_context.reading(ticket.place, ticket.segment)
            self._trace = read_traceparent(ticket.place.headers)
        if self._trace is None:  # whoever produced the segment traces nothing
            self._trace = self._shop.tracing.task(chain.task_id, "start task", self._began_ns, {})
        self._last = (ticket.segment.sub_video_batch_index, chain.next_tick, chain.frames)

    def leave(self) -> None:
        """Work on a segment ends."""
        log_context.done()
        if self._trace is not None:
            about = {"spoton.task": self._chain.task_id, "spoton.camera": self._chain.camera_id}
            self._shop.tracing.hop([self._trace], "process segments", self._began_ns, about)
        if self._path is not None:
            self._shop.videos.release(self._path)
            self._path = None

    def frame(self, record: Frame) -> None:
        """Publish a record of the stream."""
        trace, frames = self._trace, self._last[2]
        if record.kind is Kind.FRAME:
            trace = self._shop.tracing.tick(
                *(record.task_id, record.global_frame_index, "send frames"),
                *(self._slot.began_ns, span_attributes(record), self._trace),
            )
        self._shop.sink.frame(record, trace)
        if record.kind is Kind.FRAME:
            self._shop.traffic.published(self._chain.key, record.global_frame_index)
            frames += 1
        self._last = (record.sub_video_batch_index, record.global_frame_index, frames)

    def status(self, status: TaskStatus) -> None:
        """Publish a status."""
        self._shop.sink.status(status)

    def dropped(self, reason: str, count: int = 1) -> None:
        """Count frames left out."""
        metrics.DROPPED.labels(NAME, reason).inc(count)

    def fetch(self, segment: Segment) -> Path:
        """Return the sub-video as a file."""
        assert self._ticket is not None
        ahead = self._take_fetch(self._ticket.offset)
        if ahead is not None:
            self._path = self._wait(ahead)
        if self._path is None:
            self._path = self._wait(self._shop.videos.fetch(segment))
        return self._path

    def save(self, chain: Chain) -> None:
        """Keep the state with which this segment is done again after a kill."""
        assert self._ticket is not None
        self._chain = chain
        self._save_state(chain, self._ticket.offset)
        self._shop.sink.flush()

    def wait_for_green(self, tick: int) -> None:
        """Block until the frame of that tick may be published."""
        chain, pace = self._chain, self._shop.pace
        due = None
        if pace is not None and chain.start is not None:
            due = pace.due(chain.task_id, tick, chain.start.scene.processing_fps)
        self._shop.traffic.wait_for_green(chain.key, chain.task_id, due)

    def slot(self) -> AbstractContextManager[object]:
        """Return a share of the processors, for one frame."""
        return self._slot

    def progress(self) -> TaskStatus | None:
        """Say how far the camera is, if it went on since the last call."""
        if self._told == self._last:
            return None
        return self.report(ended=False)

    def report(self, ended: bool) -> TaskStatus:
        """Say how far the camera is."""
        self._told = batch, tick, frames = self._last
        return statuses.progress(self._chain, batch, tick, frames, ended)

    def _wait(self, future: "Future[Any]") -> Path:
        try:
            path: Path = self._shop.traffic.wait_for(future, self._chain.key, self._chain.task_id)
        except BaseException:
            give_back(self._shop.videos, future)
            raise
        return path


class _TimedSlot:
    """A slot whose holding time is measured."""

    def __init__(self, slots: threading.Semaphore) -> None:
        self._slots = slots
        self._began = 0.0
        self.began_ns = 0

    def __enter__(self) -> None:
        self._slots.acquire()
        self._began = time.perf_counter()
        self.began_ns = time.time_ns()

    def __exit__(self, *_: object) -> None:
        self._slots.release()
        metrics.FEED_SECONDS.labels(NAME).observe(time.perf_counter() - self._began)
