"""One camera of one task: its segments in order, worked on by a thread while there are any."""

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from spoton_common import metrics
from spoton_schemas.records import Outcome, TaskStatus
from structlog.contextvars import bind_contextvars

from spoton_ingest import marks
from spoton_ingest.chain import Chain
from spoton_ingest.desk import CameraDesk
from spoton_ingest.errors import Abandoned
from spoton_ingest.job import SegmentJob, end_stream
from spoton_ingest.publisher import NAME
from spoton_ingest.workshop import Ticket, Workshop, give_back


@dataclass(slots=True)
class Finished:
    """What became ready since the last look: offsets whose records are sent, and the state after them."""

    offsets: list[int] = field(default_factory=list)
    chain: Chain | None = None
    stands_for: int = 0


class Camera:
    """Its public methods are the loop's and the desk's; the thread runs ``_turn``."""

    def __init__(self, chain: Chain, partition: int, stands_for: int, shop: Workshop) -> None:
        self.partition = partition
        self.key = chain.key
        self._shop = shop
        self._lock = threading.Lock()
        self._chain = chain
        self._stands_for = stands_for
        self._begun_for = -1
        self._queue: deque[Ticket] = deque()
        self._finished = Finished()
        self._fetches: dict[int, Future[Any]] = {}
        self._thread: threading.Thread | None = None
        self._desk = CameraDesk(chain, shop, self.take_fetch, self.save_begun)
        shop.traffic.admit(self.key)

    @property
    def task_id(self) -> str:
        """The task."""
        return self._chain.task_id

    @property
    def chain(self) -> Chain:
        """The state after the last finished sub-video."""
        return self._chain

    @property
    def waiting(self) -> int:
        """How many segments are not finished."""
        return len(self._queue)

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

    def save_begun(self, chain: Chain, offset: int) -> None:
        """Send the state with which the segment at an offset is done again."""
        with self._lock:
            self._shop.sink.state(chain, self.partition, offset)
            self._begun_for = offset

    def save_finished(self, finished: Finished) -> None:
        """Send the state after a segment, unless the next one's, which says more, has been sent meanwhile.

        Both may stand for the same offset, but only the latter knows up to which tick pictures may be published.
        """
        with self._lock:
            if finished.chain is not None and finished.stands_for > self._begun_for:
                self._shop.sink.state(finished.chain, self.partition, finished.stands_for)

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
            give_back(self._shop.videos, future)

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
        bind_contextvars(stage=NAME)
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
                give_back(self._shop.videos, future)
        self._queue.clear()
