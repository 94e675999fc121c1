"""A task's story: records in, messages out. Pure, so that a resumed client is told the same as one that never left."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from spoton_schemas.records import (
    Event,
    IdentityRevision,
    Kind,
    MapPoints,
    Outcome,
    Stage,
    StatusKind,
    TaskStatus,
)
from spoton_schemas.topics import MAP_POINTS, Position

from spoton_gateway.progress import FRAMES_BY_STAGE, fraction_done
from spoton_gateway.ws import messages
from spoton_gateway.ws.media_batches import MediaBatches
from spoton_gateway.ws.messages import Message

_FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task ended."""

    status: str
    message: str | None


@dataclass(slots=True)
class Story:
    """Follows one task. ``sub_videos`` is the number of segments of all cameras, where it is known."""

    task_id: str
    environment_id: str
    media: MediaBatches
    sub_videos: int | None = None
    _status: str = "QUEUED"
    _paused: bool = False
    _over: bool = False
    _message: str | None = None
    _errors: dict[str, str] = field(default_factory=dict)
    _frames: dict[tuple[Stage, str], int] = field(default_factory=dict)
    _last_told: tuple[Any, ...] = ()
    _position: Position | None = None
    _events: dict[str, Event] = field(default_factory=dict)
    _revision: int = 0
    _end: MapPoints | None = None
    _has_all_events: bool = False
    _unstarted: Ending | None = None

    @classmethod
    def of(cls, task_id: str, environment_id: str, camera_ids: frozenset[str], sub_videos: int | None) -> "Story":
        """Begin the story of a task of which the database knows this much."""
        return cls(task_id, environment_id, MediaBatches(task_id, environment_id, camera_ids), sub_videos)

    def map_points(self, record: MapPoints, processed_at: datetime, latency: dict[str, int]) -> list[Message]:
        """Take a record of map-points; what a restarted mapper says again is not told again."""
        position = MAP_POINTS.position(record)
        if self._position is not None and position <= self._position:
            return []
        self._position = position
        if record.kind is Kind.FRAME:
            return [messages.tracking_update(record, processed_at, latency)]
        if record.kind is Kind.END_OF_SEGMENT:
            return [messages.batch_processing_complete(record)]
        if record.kind is Kind.END_OF_TASK:
            self._end = record
        elif record.start is not None and not self.media.camera_ids:
            self.media.camera_ids = frozenset(record.start.camera_ids)  # the next status tells of media
        return []

    def identity_revision(self, record: IdentityRevision) -> list[Message]:
        """Take an identity revision; one that was said before is not told again."""
        if record.revision <= self._revision:
            return []
        self._revision = record.revision
        return [messages.identity_revised(record)]

    def event(self, record: Event) -> list[Message]:
        """Take an event, or the mark behind the last; it is told again where something of it has changed."""
        if record.ends_task:
            self._has_all_events = True
            return []
        if self._events.get(record.event_id) == record:
            return []
        self._events[record.event_id] = record
        return [messages.event(record)]

    def task_status(self, record: TaskStatus) -> list[Message]:
        """Take what a stage says."""
        found: list[Message] = []
        if record.kind in (StatusKind.ACCEPTED, StatusKind.CAMERA_FAILED) and not self.media.camera_ids:
            self.media.camera_ids = frozenset(record.camera_ids)
        found += self.media.complete()
        self._note_progress(record)
        if record.kind is StatusKind.MEDIA_AVAILABLE and record.media is not None and record.camera_id is not None:
            self._status = "RUNNING"
            found += self.media.add(record.camera_id, record.sub_video_batch_index or 0, record.media)
        elif record.kind is StatusKind.CAMERA_FAILED and record.camera_id is not None:
            self._errors.setdefault(record.camera_id, record.message or "the camera failed")
            found += self.media.fail(record.camera_id)
        elif record.kind in (StatusKind.PAUSED, StatusKind.RESUMED):
            self._paused = record.kind is StatusKind.PAUSED
        self._note_unstarted(record)
        return found + self._changed_status(record.message)

    @property
    def has_end(self) -> bool:
        """Whether the end of the task was among the map points."""
        return self._end is not None

    @property
    def ending(self) -> Ending | None:
        """How the task ended, once everything that belongs to it has been taken; None before."""
        if self._end is None:
            return self._unstarted
        if self._revision < self._end.identity_revision or not self._has_all_events:
            return None
        return Ending((self._end.outcome or Outcome.COMPLETED).value, self._end.error)

    @property
    def may_go_on(self) -> bool:
        """Whether the end is a guess: all cameras heard of have failed, but nobody said which ones take part."""
        return self._end is None and self._status == _FAILED and not self.media.camera_ids

    def last_message(self, ending: Ending) -> Message:
        """Tell that the task is over."""
        self._over, self._status, self._message = True, ending.status, ending.message
        return self._status_update(1.0 if ending.status == Outcome.COMPLETED else self._progress())

    def _note_progress(self, record: TaskStatus) -> None:
        if record.frames_done is None or record.stage not in FRAMES_BY_STAGE:
            return
        key = (record.stage, record.camera_id or "")
        self._frames[key] = max(record.frames_done, self._frames.get(key, 0))
        if record.frames_done > 0:
            self._status = "RUNNING"

    def _note_unstarted(self, record: TaskStatus) -> None:
        """See whether the task ended before it had any media: then nothing of it will reach map-points."""
        if self.media.any:
            self._unstarted = None
            return
        cameras = self.media.camera_ids or frozenset(self._errors)
        if self._unstarted is not None:
            return
        if record.kind is StatusKind.STOPPED:
            self._unstarted = Ending("STOPPED", record.message)
        elif cameras and cameras <= self.media.failed:
            self._status = _FAILED
            self._unstarted = Ending(_FAILED, min(self._errors.values()))

    def _changed_status(self, message: str | None) -> list[Message]:
        self._message = message or self._message
        progress = self._progress()
        now = (self._status, self._paused, int(100 * progress), tuple(sorted(self._errors)), self._message)
        if now == self._last_told:
            return []
        self._last_told = now
        return [self._status_update(progress)]

    def _progress(self) -> float:
        expected = sum(media.num_frames_in_sub_video for media in self.media.known)
        total = len(self.media.known) if self.media.all_known else self.sub_videos
        return fraction_done(self._done(Stage.MAPPER), expected, len(self.media.known), total)

    def _done(self, stage: Stage) -> int:
        return sum(frames for (s, _), frames in self._frames.items() if s is stage)

    def _status_update(self, progress: float) -> Message:
        cameras = sorted(self.media.camera_ids | set(self._errors))
        done = {camera: self._frames.get((Stage.INGEST, camera), 0) for camera in cameras}
        payload = {
            "task_id": self.task_id,
            "environment_id": self.environment_id,
            "status": "PAUSED" if self._paused and not self._over else self._status,
            "progress": round(progress, 4),
            "message": self._message,
            "frames": {topic: self._done(stage) for stage, topic in FRAMES_BY_STAGE.items()},
            "cameras": {c: {"frames_done": done[c], "error": self._errors.get(c)} for c in cameras},
        }
        return Message("status_update", payload)
