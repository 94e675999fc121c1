"""One camera of one task: its segments in order, worked on by a thread while there are any."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from spoton_common import metrics
from spoton_schemas.records import Frame, Kind, Outcome, Segment, TaskStatus

from spoton_ingest import marks, statuses
from spoton_ingest.chain import Chain
from spoton_ingest.errors import Abandoned
from spoton_ingest.job import JpegOptions, SegmentJob, end_stream
from spoton_ingest.publisher import NAME
from spoton_ingest.traffic import Traffic


class Sink(Protocol):
    """Where records go."""

    def frame(self, record: Frame) -> None:
        """Send a record of a camera's stream."""

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


@dataclass(frozen=True, slots=True)
class Ticket:
    """A segment and its offset."""

    segment: Segment
    offset: int


@dataclass(slots=True)
class Finished:
    """What became ready since the last look: offsets whose records are sent, and the state after them."""

    offsets: list[int] = field(default_factory=list)
    chain: Chain | None = None
    stands_for: int = 0


class Camera:
    """Its public methods are the loop's; the job's ``Desk`` is ``_Desk``, used by the camera's own thread."""

    def __init__(self, chain: Chain, partition: int, stands_for: int, shop: Workshop) -> None:
        self.partition = partition
        self.key = chain.key
        self._shop = shop
        self._lock = threading.Lock()
        self._chain = chain
        self._stands_for = stands_for
        self._queue: deque[Ticket] = deque()
        self._finished = Finished()
        self._fetches: dict[int, Future[Any]] = {}
        self._thread: threading.Thread | None = None
        self._desk = _Desk(self, shop)
        shop.traffic.admit(self.key)

    @property
    def task_id(self) -> str:
        """The task."""
        return self._chain.task_id

    @property
    def chain(self) -> Chain:
        """The state after the last finished sub-video."""
        return self._chain

    def enqueue(self, ticket: Ticket) -> bool:
        """Take a segment; False if it, or a later one, is known already."""
        with self._lock:
            queued = self._queue[-1].segment.sub_video_batch_index + 1 if self._queue else 0
            if ticket.segment.sub_video_batch_index < max(self._chain.next_batch, queued):
                return False
            self._queue.append(ticket)
            if len(self._queue) == 2:  # one is in work
                self._fetches[ticket.offset] = self._shop.videos.prefetch(ticket.segment)
        self.wake()
        return True

    def wake(self) -> None:
        """Set the thread to work if there is some: segments, or the task's stop."""
        with self._lock:
            if self._thread is None and self._has_work():
                self._thread = threading.Thread(target=self._run, name=f"camera {self.key}", daemon=True)
                self._thread.start()

    def collect(self) -> Finished:
        """Take what became ready."""
        with self._lock:
            finished, self._finished = self._finished, Finished()
        return finished

    def close(self) -> list[int]:
        """Leave out what is waiting behind the end, and return the offsets that need no work."""
        with self._lock:
            self._drop_queue()
            return self._finished.offsets

    def progress(self) -> TaskStatus | None:
        """Say how far the camera is, if it went on since the last call."""
        return self._desk.progress()

    def ended(self) -> TaskStatus:
        """Say that the camera is through."""
        return self._desk.report(ended=True)

    def join(self, timeout_s: float) -> None:
        """Wait for the thread, which must have been abandoned."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        with self._lock:
            fetches, self._fetches = self._fetches, {}
        for future in fetches.values():
            self._give_back(future)

    def next_has_start(self) -> bool:
        """Tell whether the segment after the one in work says when it starts."""
        with self._lock:
            return len(self._queue) > 1 and self._queue[1].segment.start_time_s is not None

    def take_fetch(self, offset: int) -> "Future[Any] | None":
        """Return the fetch that was begun ahead for a segment, if any."""
        with self._lock:
            return self._fetches.pop(offset, None)

    def _has_work(self) -> bool:
        if self._chain.ended:
            return bool(self._queue)
        return bool(self._queue) or self._shop.traffic.stopped(self._chain.task_id)

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except Abandoned:
            pass
        except Exception as error:
            self._shop.failed(error)

    def _turn(self) -> bool:
        """Do one segment, or what a stop asks; False if there is nothing to do and the thread ends."""
        with self._lock:
            if not self._has_work():
                self._thread = None
                return False
            if self._chain.ended:
                self._drop_queue()
                return True
            ticket = self._queue[0] if self._queue else None
        if ticket is None:
            self._finish(self._stop(), None)
        else:
            self._desk.begin(ticket, self._chain)
            job = SegmentJob(self._chain, ticket.segment, self._desk, self._shop.options, self.next_has_start)
            try:
                after = job.run()
            finally:
                self._desk.leave()
            self._finish(after, ticket)
        return True

    def _stop(self) -> Chain:
        """End a stream of which no segment is waiting."""
        if self._chain.next_batch == 0:
            self._desk.frame(marks.start_mark(self._chain))
        return end_stream(self._desk, self._chain, max(0, self._chain.next_batch - 1), Outcome.STOPPED)

    def _finish(self, after: Chain, ticket: Ticket | None) -> None:
        with self._lock:
            self._chain = after
            if ticket is not None:
                self._queue.popleft()
                self._stands_for = ticket.offset + 1
                self._finished.offsets.append(ticket.offset)
            self._finished.chain, self._finished.stands_for = after, self._stands_for
            if len(self._queue) > 1 and not after.ended:
                following = self._queue[1]
                self._fetches.setdefault(following.offset, self._shop.videos.prefetch(following.segment))

    def _drop_queue(self) -> None:
        """Leave out the segments behind a camera's end."""
        metrics.DROPPED.labels(NAME, "after_end").inc(len(self._queue))
        for ticket in self._queue:
            self._finished.offsets.append(ticket.offset)
            if (future := self._fetches.pop(ticket.offset, None)) is not None:
                self._give_back(future)
        self._queue.clear()

    def _give_back(self, future: "Future[Any]") -> None:
        """Cancel a fetch, and release its file where it is too late for that."""

        def release(done: "Future[Any]") -> None:
            if not done.cancelled() and done.exception() is None and done.result() is not None:
                self._shop.videos.release(done.result())

        future.cancel()
        future.add_done_callback(release)


class _Desk:
    """What the job in work needs from the process around it; also counts what it publishes."""

    def __init__(self, camera: Camera, shop: Workshop) -> None:
        self._camera = camera
        self._shop = shop
        self._ticket: Ticket | None = None
        self._path: Path | None = None
        self._chain = camera.chain
        self._last = (0, 0, camera.chain.frames)
        self._told = self._last

    def begin(self, ticket: Ticket, chain: Chain) -> None:
        """Work on a segment begins, or begins again."""
        self._ticket, self._chain = ticket, chain
        self._last = (ticket.segment.sub_video_batch_index, chain.next_tick, chain.frames)

    def leave(self) -> None:
        """Work on a segment ends."""
        if self._path is not None:
            self._shop.videos.release(self._path)
            self._path = None

    def frame(self, record: Frame) -> None:
        """Publish a record of the stream."""
        self._shop.sink.frame(record)
        frames = self._last[2]
        if record.kind is Kind.FRAME:
            self._shop.traffic.published(self._camera.key, record.global_frame_index)
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
        ahead = self._camera.take_fetch(self._ticket.offset)
        if ahead is not None:
            self._path = self._wait(ahead)
        if self._path is None:
            self._path = self._wait(self._shop.videos.fetch(segment))
        return self._path

    def save(self, chain: Chain) -> None:
        """Keep the state with which this segment is done again after a kill."""
        assert self._ticket is not None
        self._chain = chain
        self._shop.sink.state(chain, self._camera.partition, self._ticket.offset)
        self._shop.sink.flush()

    def wait_for_green(self) -> None:
        """Block until the next frame may be published."""
        self._shop.traffic.wait_for_green(self._camera.key, self._chain.task_id)

    def slot(self) -> AbstractContextManager[object]:
        """Return a share of the processors, for one frame."""
        return _Timed(self._shop.slots)

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
            path: Path = self._shop.traffic.wait_for(future, self._camera.key, self._chain.task_id)
        except BaseException:
            self._camera._give_back(future)
            raise
        return path


class _Timed:
    """A slot whose holding time is measured."""

    def __init__(self, slots: threading.Semaphore) -> None:
        self._slots = slots
        self._began = 0.0

    def __enter__(self) -> None:
        self._slots.acquire()
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._slots.release()
        metrics.FEED_SECONDS.labels(NAME).observe(time.perf_counter() - self._began)
