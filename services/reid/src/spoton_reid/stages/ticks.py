"""All cameras' streams of a task, put together tick by tick.

A tick is closed when every camera has passed it, so what comes out depends on what the cameras saw and not on the
order in which their records arrived.
"""

from dataclasses import dataclass, field

from spoton_schemas.records import Kind, Outcome, Tracks

_FOREVER = 2**62
"""Watermark of a camera that has ended: it holds nobody up."""

_MOST_WAITING = 5000
"""Pictures of one camera that may wait for others. Ingest keeps cameras within some hundred pictures of each other."""


@dataclass(frozen=True, slots=True)
class Tick:
    """All pictures at a tick, sorted by camera."""

    global_frame_index: int
    cameras: tuple[Tracks, ...]


@dataclass(frozen=True, slots=True)
class SegmentEnd:
    """Every camera has passed its sub-video of this batch; ``global_frame_index`` is the first tick after it."""

    global_frame_index: int
    batch_index: int
    error: str | None


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """Every camera has ended."""

    global_frame_index: int
    batch_index: int
    outcome: Outcome
    error: str | None


@dataclass(slots=True)
class _Camera:
    watermark: int = 0
    segment_ends: dict[int, Tracks] = field(default_factory=dict)
    end: Tracks | None = None

    def has_passed(self, batch_index: int) -> bool:
        return self.end is not None or max(self.segment_ends, default=-1) >= batch_index


class TickBuffer:
    """Holds what some cameras have sent until all others have got as far."""

    def __init__(self, camera_ids: tuple[str, ...]) -> None:
        self._cameras = {camera_id: _Camera() for camera_id in sorted(camera_ids)}
        self._frames: dict[int, dict[str, Tracks]] = {}
        self._closed_batch = -1
        self._has_ended = False

    def knows(self, camera_id: str) -> bool:
        """Tell whether a camera takes part."""
        return camera_id in self._cameras

    def has_room(self, record: Tracks) -> bool:
        """Tell whether a record can wait for the other cameras; marks always can."""
        if record.kind is not Kind.FRAME or len(self._frames) < _MOST_WAITING:
            return True
        return sum(record.camera_id in cameras for cameras in self._frames.values()) < _MOST_WAITING

    def add(self, record: Tracks) -> list[Tick | SegmentEnd | TaskEnd]:
        """Take a camera's next record (not START) and return what is closed now, in order."""
        camera = self._cameras[record.camera_id]
        if record.kind is Kind.FRAME:
            self._frames.setdefault(record.global_frame_index, {})[record.camera_id] = record
            camera.watermark = record.global_frame_index + 1
        elif record.kind is Kind.END_OF_SEGMENT:
            camera.segment_ends[record.sub_video_batch_index] = record
            camera.watermark = record.global_frame_index
        else:
            camera.end = record
            camera.watermark = _FOREVER
        return self._close()

    def _close(self) -> list[Tick | SegmentEnd | TaskEnd]:
        until = min(camera.watermark for camera in self._cameras.values())
        closed: list[Tick | SegmentEnd | TaskEnd] = [
            Tick(tick, tuple(record for _, record in sorted(self._frames.pop(tick).items())))
            for tick in sorted(tick for tick in self._frames if tick < until)
        ]
        closed += self._close_batches(until)
        # Marks come before the frames of their own tick, as in every stream.
        closed.sort(key=lambda item: (item.global_frame_index, isinstance(item, Tick)))
        if not self._has_ended and all(camera.end for camera in self._cameras.values()):
            self._has_ended = True
            closed.append(self._task_end())
        return closed

    def _close_batches(self, until: int) -> list[SegmentEnd]:
        closed = []
        batches = {batch for camera in self._cameras.values() for batch in camera.segment_ends}
        for batch in sorted(batch for batch in batches if batch > self._closed_batch):
            if not all(camera.has_passed(batch) for camera in self._cameras.values()):
                break
            ends = [c.segment_ends[batch] for c in self._cameras.values() if batch in c.segment_ends]
            tick = max(end.global_frame_index for end in ends)
            if tick > until:
                break
            closed.append(SegmentEnd(tick, batch, _errors(ends)))
            self._closed_batch = batch
        return closed

    def _task_end(self) -> TaskEnd:
        ends = [camera.end for camera in self._cameras.values() if camera.end]
        outcomes = {end.outcome for end in ends}
        outcome = Outcome.COMPLETED
        if Outcome.STOPPED in outcomes:
            outcome = Outcome.STOPPED
        elif outcomes == {Outcome.FAILED}:
            outcome = Outcome.FAILED
        last_tick = max(end.global_frame_index for end in ends)
        return TaskEnd(last_tick, max(end.sub_video_batch_index for end in ends), outcome, _errors(ends))


def _errors(marks: list[Tracks]) -> str | None:
    return "; ".join(f"{mark.camera_id}: {mark.error}" for mark in marks if mark.error) or None
