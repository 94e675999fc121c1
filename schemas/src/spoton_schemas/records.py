"""The values that travel between services, one frozen dataclass per Avro record.

Field meanings and units stand in ``avro/*.avsc``, the source of truth; a test holds these classes against them. Ranges
stand here, beside the fields: readers refuse what lies outside of them (``bounds.py``).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from spoton_schemas import bounds
from spoton_schemas.bounds import MAX_BOXES, MAX_CAMERAS
from spoton_schemas.habits import Habits

BoxXyxy = tuple[bounds.Pixel, bounds.Pixel, bounds.Pixel, bounds.Pixel]
Names = Annotated[tuple[bounds.Name, ...], Meta(max_length=MAX_CAMERAS)]


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
    EVENTS = "EVENTS"


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

    x_m: bounds.Metres
    y_m: bounds.Metres


Polygon = Annotated[tuple[Point, ...], Meta(max_length=10_000)]


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon on the floor."""

    id: bounds.Name
    polygon: Annotated[tuple[Point, ...], Meta(min_length=3, max_length=10_000)]


@dataclass(frozen=True, slots=True)
class Tripwire:
    """A named line on the floor."""

    id: bounds.Name
    start: Point
    end: Point


@dataclass(frozen=True, slots=True)
class FloorMap:
    """A picture of the floor; ``origin_px`` is (column, row) of floor (0, 0)."""

    image: bounds.Uri
    metres_per_pixel: bounds.MetresPerPixel
    origin_px: Annotated[tuple[bounds.Pixel, ...], Meta(min_length=2, max_length=2)]


@dataclass(frozen=True, slots=True)
class SceneCamera:
    """A fixed camera; ``homography`` is a row-major 3x3 matrix, image pixels to floor metres."""

    camera_id: bounds.Name
    sources: Annotated[tuple[bounds.Uri, ...], Meta(max_length=10_000)] = ()
    clock_offset_s: bounds.Seconds = 0.0
    homography: Annotated[tuple[bounds.Coefficient, ...], Meta(min_length=9, max_length=9)] | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A place: its cameras and its floor."""

    environment_id: bounds.Name
    name: bounds.Text
    processing_fps: bounds.FramesPerSecond
    cameras: Annotated[tuple[SceneCamera, ...], Meta(min_length=1, max_length=MAX_CAMERAS)]
    classes: Annotated[tuple[bounds.Label, ...], Meta(max_length=1000)] = ("person",)
    floor_map: FloorMap | None = None
    monitored_area: Polygon = ()
    zones: Annotated[tuple[Zone, ...], Meta(max_length=1000)] = ()
    tripwires: Annotated[tuple[Tripwire, ...], Meta(max_length=1000)] = ()

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
    camera_ids: Names
    origin_us: bounds.EpochMicros


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfTask:
    task_id: bounds.Name
    environment_id: bounds.Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(_OfTask):
    """A record that belongs to one tick of a task's clock."""

    kind: Kind
    sub_video_batch_index: bounds.BatchIndex
    global_frame_index: bounds.Count
    event_time_us: bounds.Micros
    start: TaskStart | None = None
    outcome: Outcome | None = None
    error: bounds.Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTick(Tick):
    """A record of one camera at one tick."""

    camera_id: bounds.Name
    camera_frame_index: bounds.Count
    image_width: bounds.SideLength = 0
    image_height: bounds.SideLength = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(_OfTask):
    """A piece of video of one camera, to be processed."""

    camera_id: bounds.Name
    sub_video_batch_index: bounds.BatchIndex
    uri: bounds.Uri
    last: bool = True
    start_time_s: bounds.StartSeconds | None = None
    camera_ids: Names = ()
    origin_us: bounds.EpochMicros = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame(CameraTick):
    """One picture of one camera."""

    jpeg: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One person or object in a picture."""

    bbox_xyxy: BoxXyxy
    confidence: bounds.Share
    class_id: bounds.Number
    class_name: bounds.Label
    crop: bounds.Crop | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections(CameraTick):
    """What the detector sees in one picture; not ``observed``: it left the picture out."""

    detections: Annotated[tuple[Detection, ...], Meta(max_length=MAX_BOXES)] = ()
    observed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One tracked person or object in a picture; ``embedding`` is little-endian float32."""

    track_id: bounds.Number
    bbox_xyxy: BoxXyxy
    confidence: bounds.Share
    class_id: bounds.Number
    class_name: bounds.Label
    visibility: bounds.Share
    embedding: bounds.Embedding | None = None


@dataclass(frozen=True, slots=True)
class AppearanceModel:
    """The network that embeddings come from; log-odds of one person = slope · (cosine − even_cosine)."""

    name: bounds.Label
    even_cosine: bounds.Coefficient
    slope: bounds.Coefficient


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks(CameraTick):
    """The tracklets of one camera in one picture; not ``observed``: their boxes are interpolated."""

    tracks: Annotated[tuple[Track, ...], Meta(max_length=MAX_BOXES)] = ()
    appearance_model: AppearanceModel | None = None
    observed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance(_OfTask):
    """What an identity looks like; ``embedding`` is little-endian float32 of unit length."""

    global_id: bounds.Number
    global_frame_index: bounds.Count
    model: bounds.Label
    embedding: bounds.Embedding
    crops: bounds.Deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifiedTrack:
    """A tracklet with its identity, where it has one."""

    track_id: bounds.Number
    bbox_xyxy: BoxXyxy
    confidence: bounds.Share
    class_id: bounds.Number
    class_name: bounds.Label
    visibility: bounds.Share
    global_id: bounds.Number | None = None
    identity_confidence: bounds.Share | None = None
    interpolated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraIdentities:
    """Identities in one camera's picture."""

    camera_id: bounds.Name
    camera_frame_index: bounds.Count
    event_time_us: bounds.Micros
    image_width: bounds.SideLength = 0
    image_height: bounds.SideLength = 0
    tracks: Annotated[tuple[IdentifiedTrack, ...], Meta(max_length=MAX_BOXES)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalIds(Tick):
    """Identities of all cameras at one tick."""

    identity_revision: bounds.Count = 0
    cameras: Annotated[tuple[CameraIdentities, ...], Meta(max_length=MAX_CAMERAS)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChange:
    """A stretch of one tracklet that gets another identity."""

    camera_id: bounds.Name
    track_id: bounds.Number
    first_frame_index: bounds.Count
    last_frame_index: bounds.Count
    old_global_id: bounds.Number | None = None
    new_global_id: bounds.Number | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRevision(_OfTask):
    """Corrections of identities published earlier."""

    revision: bounds.Count
    global_frame_index: bounds.Count
    changes: Annotated[tuple[IdentityChange, ...], Meta(max_length=100_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedTrack:
    """A tracklet with identity and floor position, where it has them."""

    track_id: bounds.Number
    bbox_xyxy: BoxXyxy
    confidence: bounds.Share
    class_id: bounds.Number
    class_name: bounds.Label
    global_id: bounds.Number | None = None
    identity_confidence: bounds.Share | None = None
    interpolated: bool = False
    map_x_m: bounds.Metres | None = None
    map_y_m: bounds.Metres | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraMapPoints:
    """Tracklets of one camera's picture on the floor."""

    camera_id: bounds.Name
    camera_frame_index: bounds.Count
    event_time_us: bounds.Micros
    image_width: bounds.SideLength = 0
    image_height: bounds.SideLength = 0
    tracks: Annotated[tuple[MappedTrack, ...], Meta(max_length=MAX_BOXES)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedPosition:
    """Where a person will be after some seconds of walking on."""

    after_s: bounds.StartSeconds
    x_m: bounds.Metres
    y_m: bounds.Metres
    std_m: bounds.Deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPosition:
    """One identity's fused and smoothed floor position."""

    global_id: bounds.Number
    x_m: bounds.Metres
    y_m: bounds.Metres
    vx_m_s: bounds.MetresPerSecond
    vy_m_s: bounds.MetresPerSecond
    std_m: bounds.Deviation
    camera_ids: Names
    predicted: Annotated[tuple[PredictedPosition, ...], Meta(max_length=100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskHabits(_OfTask):
    """What a task that has ended taught of its environment."""

    habits: Habits


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPoints(Tick):
    """Everything known at one tick."""

    identity_revision: bounds.Count = 0
    cameras: Annotated[tuple[CameraMapPoints, ...], Meta(max_length=MAX_CAMERAS)] = ()
    people: Annotated[tuple[PersonPosition, ...], Meta(max_length=10_000)] = ()
    habits: Habits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPerson:
    """Another person whom an event is about."""

    global_id: bounds.Number | None = None
    camera_id: bounds.Name
    track_id: bounds.Number
    seen_frame_index: bounds.Count


END_OF_EVENTS = "end_of_task"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(_OfTask):
    """Something that happened; or, of the type ``END_OF_EVENTS``, the mark behind the last of a task."""

    event_id: bounds.Name
    type: bounds.Name
    global_frame_index: bounds.Count
    event_time_us: bounds.Micros
    end_frame_index: bounds.Count | None = None
    end_time_us: bounds.Micros | None = None
    camera_id: bounds.Name | None = None
    track_id: bounds.Number | None = None
    global_id: bounds.Number | None = None
    seen_frame_index: bounds.Count | None = None
    identity_revision: bounds.Count = 0
    others: Annotated[tuple[EventPerson, ...], Meta(max_length=10_000)] = ()
    class_name: bounds.Label | None = None
    place: bounds.Label | None = None
    position: Point | None = None
    confidence: bounds.Share = 1.0
    details: Annotated[dict[bounds.Label, bounds.Text], Meta(max_length=1000)] = field(default_factory=dict)

    @property
    def ends_task(self) -> bool:
        """Whether it is the mark."""
        return self.type == END_OF_EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A sub-video that can be fetched."""

    sub_video_filename: bounds.Uri
    uri: bounds.Uri
    start_global_frame_index: bounds.Count
    num_frames_in_sub_video: bounds.Count
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus(_OfTask):
    """How far a stage is, and what happened to it."""

    stage: Stage
    kind: StatusKind
    camera_id: bounds.Name | None = None
    camera_ids: Names = ()
    sub_video_batch_index: bounds.BatchIndex | None = None
    global_frame_index: bounds.Count | None = None
    frames_done: bounds.Count | None = None
    media: Media | None = None
    message: bounds.Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(_OfTask):
    """What a user wants of a running task."""

    command_id: bounds.Name
    command: CommandName
    global_id: bounds.Number | None = None


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
