"""One sub-video of one camera, from its URI to the mark behind its last frame."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from spoton_common.logging import get_logger
from spoton_common.storage import StorageError, filename
from spoton_schemas.bounds import MAX_TICK
from spoton_schemas.records import Frame, Media, Outcome, Segment, TaskStatus

from spoton_ingest import marks, statuses
from spoton_ingest.chain import Chain
from spoton_ingest.decode import Picture, decode
from spoton_ingest.errors import TaskStopped, UnusableVideo
from spoton_ingest.probe import Video, probe
from spoton_ingest.sampling import PlannedFrame, plan_frames

_log = get_logger()


class Desk(Protocol):
    """What a job needs from the process around it."""

    def frame(self, record: Frame) -> None:
        """Publish a record of the stream."""

    def status(self, status: TaskStatus) -> None:
        """Publish a status."""

    def dropped(self, reason: str, count: int = 1) -> None:
        """Count frames left out."""

    def fetch(self, segment: Segment) -> Path:
        """Return the sub-video as a file; ``StorageError``, ``TaskStopped``, ``Abandoned``."""

    def save(self, chain: Chain) -> None:
        """Keep the state with which this segment is done again after a kill; returns when it is safe."""

    def wait_for_green(self, tick: int) -> None:
        """Block until the frame of that tick may be published; ``TaskStopped``, ``Abandoned``."""

    def slot(self) -> AbstractContextManager[object]:
        """Return a share of the processors, for one frame."""


@dataclass(frozen=True, slots=True)
class JpegOptions:
    """How frames are decoded and written."""

    quality: int = 90
    decode_threads: int = 1


class SegmentJob:
    """Publishes one sub-video; the state before it goes in, the state after it comes out."""

    def __init__(
        self,
        chain: Chain,
        segment: Segment,
        desk: Desk,
        options: JpegOptions,
        next_has_start: Callable[[], bool],
    ) -> None:
        self._chain = chain
        self._segment = segment
        self._desk = desk
        self._options = options
        self._next_has_start = next_has_start
        self._batch = segment.sub_video_batch_index

    def run(self) -> Chain:
        """Do it all; ``Abandoned`` leaves it to be done again."""
        if self._chain.next_batch == 0:
            # The scene is kept first: said again after a kill, the start must be the same, and the next stage drops it.
            self._desk.save(self._chain)
            self._desk.frame(marks.start_mark(self._chain))
        try:
            return self._publish()
        except TaskStopped:
            return self._end(self._chain, Outcome.STOPPED)
        except (UnusableVideo, StorageError) as error:
            return self._unusable(f"{_name(self._segment)}: {error}")

    def _publish(self) -> Chain:
        path = self._desk.fetch(self._segment)
        with self._desk.slot():
            video = probe(path)
            plan = self._plan(video)
        if plan and plan[-1].tick > MAX_TICK:
            raise UnusableVideo("its frames lie further behind its beginning than any task is long")
        after = self._after(video, plan)
        self._chain = replace(self._chain, reserved_tick=max(after.next_tick, self._chain.reserved_tick))
        self._desk.save(self._chain)
        self._announce(plan)
        done = self._publish_frames(path, plan)
        after = replace(after, frames=after.frames + done)
        lost = len(plan) - done
        if lost:
            self._desk.dropped("undecodable", lost)
        if lost and not done:
            raise UnusableVideo("no frame of the video can be decoded")
        return self._close(after, video, lost)

    def _plan(self, video: Video) -> list[PlannedFrame]:
        chain = self._chain
        start_s = chain.start_of(self._segment)
        return plan_frames(video.timing, start_s, chain.clock, chain.next_tick, chain.next_camera_frame)

    def _after(self, video: Video, plan: list[PlannedFrame]) -> Chain:
        chain = self._chain
        length = video.intended_duration_s or video.timing.duration_s()
        end: Fraction = chain.start_of(self._segment) + length
        return replace(
            chain,
            next_batch=self._batch + 1,
            next_start_s=(end.numerator, end.denominator),
            next_tick=plan[-1].tick + 1 if plan else chain.next_tick,
            next_camera_frame=chain.next_camera_frame + len(plan),
        )

    def _announce(self, plan: list[PlannedFrame]) -> None:
        media = Media(
            sub_video_filename=filename(self._segment.uri),
            uri=self._segment.uri,
            start_global_frame_index=plan[0].tick if plan else self._chain.next_tick,
            num_frames_in_sub_video=len(plan),
            last=self._segment.last,
        )
        self._desk.status(statuses.media_available(self._chain, self._segment, media))

    def _publish_frames(self, path: Path, plan: list[PlannedFrame]) -> int:
        planned = {frame.pts: frame for frame in plan}
        pictures = decode(path, [f.pts for f in plan], self._options.quality, self._options.decode_threads)
        done = 0
        while True:
            self._desk.wait_for_green(plan[min(done, len(plan) - 1)].tick if plan else 0)
            with self._desk.slot():
                picture: Picture | None = _next(pictures)
            if picture is None:
                return done
            self._desk.frame(marks.frame_record(self._chain, self._batch, planned[picture.pts], picture))
            done += 1

    def _damage(self, video: Video, lost: int) -> str | None:
        if video.intended_duration_s is not None:
            there, should = float(video.timing.duration_s()), float(video.intended_duration_s)
            return f"{_name(self._segment)}: the file ends after {there:.2f} s of {should:.2f} s"
        if lost:
            return f"{_name(self._segment)}: {lost} of its frames cannot be decoded"
        return None

    def _close(self, after: Chain, video: Video, lost: int) -> Chain:
        damage = self._damage(video, lost)
        if damage:
            self._desk.status(statuses.camera_failed(self._segment, damage))
            if self._segment.last and video.intended_duration_s is not None:
                return self._end(after, Outcome.FAILED, damage)
        self._desk.frame(marks.segment_end(after, self._batch, damage))
        return self._end(after, Outcome.COMPLETED) if self._segment.last else after

    def _unusable(self, error: str) -> Chain:
        """Go on with the next sub-video if it says when it starts; else nobody knows, and the camera ends."""
        _log.warning("sub-video unusable", task=self._chain.task_id, camera=self._chain.camera_id, error=error)
        self._desk.status(statuses.camera_failed(self._segment, error))
        if self._segment.last or not self._next_has_start():
            return self._end(self._chain, Outcome.FAILED, error)
        tick = max(self._chain.next_tick, self._chain.reserved_tick)
        after = replace(self._chain, next_batch=self._batch + 1, next_tick=tick)
        self._desk.frame(marks.segment_end(after, self._batch, error))
        return after

    def _end(self, chain: Chain, outcome: Outcome, error: str | None = None) -> Chain:
        return end_stream(self._desk, chain, self._batch, outcome, error)


def end_stream(desk: Desk, chain: Chain, batch: int, outcome: Outcome, error: str | None = None) -> Chain:
    """Close a camera's stream behind everything that may have been published of it."""
    tick = max(chain.next_tick, chain.reserved_tick)
    ended = replace(chain, next_tick=tick, reserved_tick=tick, ended=True)
    desk.frame(marks.task_end(ended, batch, outcome, error))
    return ended


def _next(pictures: Iterator[Picture]) -> Picture | None:
    return next(pictures, None)


def _name(segment: Segment) -> str:
    return segment.uri.rsplit("/", 1)[-1] or segment.uri
