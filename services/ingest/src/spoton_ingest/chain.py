"""What is remembered of a camera of a task from one sub-video to the next; lies in the topic ``state-ingest``."""

from dataclasses import dataclass
from fractions import Fraction

import msgspec
from spoton_schemas.records import Scene, Segment, TaskStart

from spoton_ingest.sampling import CameraClock

_FPS_DENOMINATOR = 10**5  # 29.97 and 30000/1001 are different rates


@dataclass(frozen=True, slots=True)
class Chain:
    """A camera's state after the sub-videos before ``next_batch``.

    ``reserved_tick`` is the first tick behind everything that may have been published of the sub-video in work: a
    process that takes over after a kill ends the stream there, whatever its predecessor had said.
    """

    task_id: str
    environment_id: str
    camera_id: str
    start: TaskStart | None
    since_ms: int
    next_batch: int = 0
    next_start_s: tuple[int, int] = (0, 1)
    next_tick: int = 0
    next_camera_frame: int = 0
    reserved_tick: int = 0
    frames: int = 0
    ended: bool = False

    @property
    def key(self) -> str:
        """Kafka key of the camera's records."""
        return f"{self.task_id}/{self.camera_id}"

    @property
    def clock(self) -> CameraClock:
        """The camera's place on the task's clock; tick 0 is at the smallest clock offset of the task's cameras."""
        assert self.start is not None
        offsets = {c.camera_id: exact_s(c.clock_offset_s) for c in self.start.scene.cameras}
        origin = min(offsets[camera_id] for camera_id in self.start.camera_ids)
        fps = Fraction(self.start.scene.processing_fps).limit_denominator(_FPS_DENOMINATOR)
        return CameraClock(fps, offsets[self.camera_id] - origin)

    @property
    def origin_s(self) -> Fraction:
        """Scene time of tick 0."""
        assert self.start is not None
        scene = self.start.scene
        return min(exact_s(scene.camera(camera_id).clock_offset_s) for camera_id in self.start.camera_ids)

    def start_of(self, segment: Segment) -> Fraction:
        """Return the camera time at which a sub-video begins."""
        if segment.start_time_s is not None:
            return exact_s(segment.start_time_s)
        return Fraction(*self.next_start_s)

    def to_bytes(self) -> bytes:
        """Write as MessagePack."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Chain":
        """Read what ``to_bytes`` wrote."""
        return msgspec.msgpack.decode(data, type=cls)


def first_chain(segment: Segment, scene: Scene, since_ms: int) -> Chain:
    """Begin a camera with its first sub-video; cameras that the scene does not have are left out of the task."""
    known = {camera.camera_id for camera in scene.cameras}
    camera_ids = sorted(known & set(segment.camera_ids)) if segment.camera_ids else sorted(known)
    start = TaskStart(scene, tuple(camera_ids), segment.origin_us)
    return Chain(segment.task_id, segment.environment_id, segment.camera_id, start, since_ms)


def exact_s(seconds: float) -> Fraction:
    """Return seconds as written by people: 0.04 is 1/25, to the microsecond."""
    return Fraction(round(seconds * 1_000_000), 1_000_000)
