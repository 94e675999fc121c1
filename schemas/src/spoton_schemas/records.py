"""The values that travel between services, one frozen dataclass per Avro record.

Field meanings and units stand in ``avro/*.avsc``, the source of truth; a test holds these classes against them.
"""

from dataclasses import dataclass, field
from enum import StrEnum

BoxXyxy = tuple[float, float, float, float]


class Kind(StrEnum):
    """What a record of a stream is."""

    START = "START"
    FRAME = "FRAME"
    END_OF_SEGMENT = "END_OF_SEGMENT"
    END_OF_TASK = "END_OF_TASK"


class Outcome(StrEnum):
    """How a stream ended."""

    COMPLETED = "COMPLETED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


class Stage(StrEnum):
    """Who reports on a task."""

    GATEWAY = "GATEWAY"
    INGEST = "INGEST"
    DETECTOR = "DETECTOR"
    TRACK = "TRACK"
    ASSOCIATE = "ASSOCIATE"
    MAPPER = "MAPPER"
    SINK = "SINK"


class StatusKind(StrEnum):
    """What is reported on a task."""

    ACCEPTED = "ACCEPTED"
    MEDIA_AVAILABLE = "MEDIA_AVAILABLE"
    PROGRESS = "PROGRESS"
    CAMERA_FAILED = "CAMERA_FAILED"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    STOPPED = "STOPPED"
    ENDED = "ENDED"


class CommandName(StrEnum):
    """What a user asks of a task."""

    PAUSE = "PAUSE"
    RESUME = "RESUME"
    STOP = "STOP"
    FOCUS = "FOCUS"
    UNFOCUS = "UNFOCUS"


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the floor, metres."""

    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon on the floor."""

    id: str
    polygon: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Tripwire:
    """A named line on the floor."""

    id: str
    start: Point
    end: Point


@dataclass(frozen=True, slots=True)
class FloorMap:
    """A picture of the floor; ``origin_px`` is (column, row) of floor (0, 0)."""

    image: str
    metres_per_pixel: float
    origin_px: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SceneCamera:
    """A fixed camera; ``homography`` is a row-major 3x3 matrix, image pixels to floor metres."""

    camera_id: str
    sources: tuple[str, ...] = ()
    clock_offset_s: float = 0.0
    homography: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A place: its cameras and its floor."""

    environment_id: str
    name: str
    processing_fps: float
    cameras: tuple[SceneCamera, ...]
    classes: tuple[str, ...] = ("person",)
    floor_map: FloorMap | None = None
    monitored_area: tuple[Point, ...] = ()
    zones: tuple[Zone, ...] = ()
    tripwires: tuple[Tripwire, ...] = ()

    def camera(self, camera_id: str) -> SceneCamera:
        """Return the camera of that name; ``KeyError`` if the scene has none."""
        for camera in self.cameras:
            if camera.camera_id == camera_id:
                return camera
        raise KeyError(camera_id)


@dataclass(frozen=True, slots=True)
class TaskStart:
    """What a stage must know before the first frame of a task."""

    scene: Scene
    camera_ids: tuple[str, ...]
    origin_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfTask:
    task_id: str
    environment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(_OfTask):
    """A record that belongs to one tick of a task's clock."""

    kind: Kind
    sub_video_batch_index: int
    global_frame_index: int
    event_time_us: int
    start: TaskStart | None = None
    outcome: Outcome | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTick(Tick):
    """A record of one camera at one tick."""

    camera_id: str
    camera_frame_index: int
    image_width: int = 0
    image_height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(_OfTask):
    """A piece of video of one camera, to be processed."""

    camera_id: str
    sub_video_batch_index: int
    uri: str
    last: bool = True
    start_time_s: float | None = None
    camera_ids: tuple[str, ...] = ()
    origin_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame(CameraTick):
    """One picture of one camera."""

    jpeg: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One person or object in a picture."""

    bbox_xyxy: BoxXyxy
    confidence: float
    class_id: int
    class_name: str
    crop: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections(CameraTick):
    """What the detector sees in one picture."""

    detections: tuple[Detection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One tracked person or object in a picture; ``embedding`` is little-endian float32."""

    track_id: int
    bbox_xyxy: BoxXyxy
    confidence: float
    class_id: int
    class_name: str
    visibility: float
    embedding: bytes | None = None


@dataclass(frozen=True, slots=True)
class AppearanceModel:
    """The network that embeddings come from; log-odds of one person = slope · (cosine − even_cosine)."""

    name: str
    even_cosine: float
    slope: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks(CameraTick):
    """The tracklets of one camera in one picture."""

    tracks: tuple[Track, ...] = ()
    appearance_model: AppearanceModel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance(_OfTask):
    """What an identity looks like; ``embedding`` is little-endian float32 of unit length."""

    global_id: int
    global_frame_index: int
    model: str
    embedding: bytes
    crops: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifiedTrack:
    """A tracklet with its identity, where it has one."""

    track_id: int
    bbox_xyxy: BoxXyxy
    confidence: float
    class_id: int
    class_name: str
    visibility: float
    global_id: int | None = None
    identity_confidence: float | None = None
    interpolated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraIdentities:
    """Identities in one camera's picture."""

    camera_id: str
    camera_frame_index: int
    event_time_us: int
    image_width: int = 0
    image_height: int = 0
    tracks: tuple[IdentifiedTrack, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalIds(Tick):
    """Identities of all cameras at one tick."""

    identity_revision: int = 0
    cameras: tuple[CameraIdentities, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChange:
    """A stretch of one tracklet that gets another identity."""

    camera_id: str
    track_id: int
    first_frame_index: int
    last_frame_index: int
    old_global_id: int | None = None
    new_global_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRevision(_OfTask):
    """Corrections of identities published earlier."""

    revision: int
    global_frame_index: int
    changes: tuple[IdentityChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedTrack:
    """A tracklet with identity and floor position, where it has them."""

    track_id: int
    bbox_xyxy: BoxXyxy
    confidence: float
    class_id: int
    class_name: str
    global_id: int | None = None
    identity_confidence: float | None = None
    interpolated: bool = False
    map_x_m: float | None = None
    map_y_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraMapPoints:
    """Tracklets of one camera's picture on the floor."""

    camera_id: str
    camera_frame_index: int
    event_time_us: int
    image_width: int = 0
    image_height: int = 0
    tracks: tuple[MappedTrack, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPosition:
    """One identity's fused and smoothed floor position."""

    global_id: int
    x_m: float
    y_m: float
    vx_m_s: float
    vy_m_s: float
    std_m: float
    camera_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPoints(Tick):
    """Everything known at one tick."""

    identity_revision: int = 0
    cameras: tuple[CameraMapPoints, ...] = ()
    people: tuple[PersonPosition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(_OfTask):
    """Something that happened."""

    event_id: str
    type: str
    global_frame_index: int
    event_time_us: int
    end_frame_index: int | None = None
    camera_id: str | None = None
    track_id: int | None = None
    global_id: int | None = None
    class_name: str | None = None
    place: str | None = None
    position: Point | None = None
    confidence: float = 1.0
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A sub-video that can be fetched."""

    sub_video_filename: str
    uri: str
    start_global_frame_index: int
    num_frames_in_sub_video: int
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus(_OfTask):
    """How far a stage is, and what happened to it."""

    stage: Stage
    kind: StatusKind
    camera_id: str | None = None
    camera_ids: tuple[str, ...] = ()
    sub_video_batch_index: int | None = None
    global_frame_index: int | None = None
    frames_done: int | None = None
    media: Media | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(_OfTask):
    """What a user wants of a running task."""

    command_id: str
    command: CommandName
    global_id: int | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment as registered."""

    scene: Scene


Record = (
    Segment
    | Frame
    | Detections
    | Tracks
    | GlobalIds
    | IdentityRevision
    | MapPoints
    | Appearance
    | Event
    | TaskStatus
    | Command
    | Environment
)
