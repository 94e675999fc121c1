"""What REST requests and responses look like."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["QUEUED", "RUNNING", "PAUSED", "STOPPED", "COMPLETED", "FAILED"]

Health = Literal["healthy", "degraded", "unhealthy"]

MAX_ID = 2**31 - 1


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StartTask(_Request):
    """What to process."""

    environment_id: str = Field(description="Environment, as registered", examples=["campus"])
    camera_ids: list[str] | None = Field(None, description="Only these cameras; without it, all", min_length=1)


class StartedTask(_View):
    """Where to follow a task."""

    task_id: str
    status_url: str
    websocket_url: str


class ControlTask(_Request):
    """What to do with a running task."""

    command: Literal["pause", "resume", "stop", "focus", "unfocus"]
    global_id: int | None = Field(None, description="For focus: the identity to follow", ge=1, le=MAX_ID)


class AcceptedCommand(_View):
    """A command on its way to the stages."""

    task_id: str
    command_id: str
    command: str


class CameraProgress(_View):
    """One camera of a task."""

    frames_done: int = Field(description="Pictures of this camera whose results are in the database")
    error: str | None = Field(description="Why its video ended early")


class TaskStatusView(_View):
    """How far a task is."""

    task_id: str
    environment_id: str
    status: Status
    progress: float = Field(description="0 to 1", ge=0, le=1)
    created_at: datetime
    ended_at: datetime | None
    camera_ids: list[str]
    frames_expected: int | None = Field(description="Pictures of all cameras; null while not all videos are known")
    frames: dict[str, int] = Field(description="Pictures that have reached each topic, and the database")
    identities_found: int
    cameras: dict[str, CameraProgress]
    message: str | None


class TaskPage(_View):
    """Tasks, newest first."""

    items: list[TaskStatusView]
    next_cursor: str | None = Field(description="For the next page; null: this is the last")


class FloorMapView(_View):
    """A picture of the floor."""

    url: str
    metres_per_pixel: float
    origin_px: list[float] = Field(description="Column and row of floor (0, 0)")


class CameraView(_View):
    """A camera of an environment."""

    camera_id: str
    sub_videos: int = Field(description="Number of videos registered for it")
    clock_offset_s: float
    on_floor: bool = Field(description="Whether it has a homography")
    homography: list[float] | None = Field(description="Row-major 3x3, image pixels (u, v, 1) to floor metres")


class ZoneView(_View):
    """A named area of the floor."""

    id: str
    polygon: list[list[float]]


class TripwireView(_View):
    """A named line on the floor."""

    id: str
    start: list[float]
    end: list[float]


class EnvironmentView(_View):
    """A place."""

    environment_id: str
    name: str
    processing_fps: float
    camera_ids: list[str]
    classes: list[str]
    map: FloorMapView | None
    monitored_area: list[list[float]]
    zones: list[ZoneView]
    tripwires: list[TripwireView]


class EnvironmentList(_View):
    """All environments, by id."""

    items: list[EnvironmentView]


class CameraList(_View):
    """The cameras of an environment, in its order."""

    environment_id: str
    items: list[CameraView]


class TrajectoryPoint(_View):
    """Where a person was at one tick: metres, metres per second."""

    global_frame_index: int
    time: datetime
    x_m: float
    y_m: float
    vx_m_s: float
    vy_m_s: float
    std_m: float
    camera_ids: list[str]


class Trajectory(_View):
    """A person's path in one task, as far as was known of identities."""

    task_id: str
    environment_id: str
    global_id: int
    as_of_revision: int = Field(description="Newest identity revision in it; ask for it to get further pages alike")
    points: list[TrajectoryPoint]
    next_cursor: str | None


class HeatmapCell(_View):
    """A square of floor: its corner with the smallest coordinates, metres, and how many positions lay in it."""

    x_m: float
    y_m: float
    samples: int


class Heatmap(_View):
    """How often somebody stood where."""

    task_id: str | None
    environment_id: str | None
    cell_m: float
    samples: int
    cells: list[HeatmapCell]


class EventPersonView(_View):
    """Another person whom an event is about, and the tracklet that shows it."""

    global_id: int | None
    camera_id: str
    track_id: int
    seen_frame_index: int


class EventView(_View):
    """Something that happened; identities are those that hold after all revisions so far."""

    event_id: str
    type: str = Field(examples=["zone_entered", "object_picked_up"])
    text: str = Field(description="The same in a few words")
    start_s: float = Field(description="Scene time at which it began, seconds")
    end_s: float | None = Field(description="Scene time at which it ended; null: a moment, or still going on")
    global_frame_index: int = Field(description="Tick at which it began")
    end_frame_index: int | None
    global_id: int | None = Field(description="Person concerned")
    others: list[EventPersonView] = Field(description="Further persons concerned")
    camera_id: str | None = Field(description="Camera that saw it, from the first to the last tick; null: several")
    track_id: int | None
    class_name: str | None = Field(description="Class of the object concerned")
    place: str | None = Field(description="Zone or tripwire concerned")
    position: list[float] | None = Field(description="Where on the floor, metres")
    confidence: float = Field(description="0 to 1")
    details: dict[str, str]


class EventPage(_View):
    """Events in the order in which they began."""

    task_id: str
    items: list[EventView]
    next_cursor: str | None = Field(description="For the next page; null: this is the last")


class SimilarIdentity(_View):
    """Somebody who looks alike."""

    task_id: str
    environment_id: str
    global_id: int
    cosine: float = Field(description="Of the two mean appearances; what it says depends on the network")
    global_frame_index: int = Field(description="Tick of the task at which the person was last seen, about")
    last_seen: datetime | None = Field(description="The same as filmed; null while the task's scene is not known")
    crops: float = Field(description="How many good crops the appearance rests on")


class SimilarIdentities(_View):
    """Who looks like a person, best first."""

    task_id: str
    global_id: int
    model: str = Field(description="Network whose embeddings were compared")
    items: list[SimilarIdentity]


class ComponentHealth(_View):
    """How one part is."""

    status: Health
    detail: str


class HealthReport(_View):
    """How the gateway and the parts that it needs are."""

    status: Health
    components: dict[str, ComponentHealth]


class MetricSample(_View):
    """One value of a metric."""

    name: str
    labels: dict[str, str]
    value: float | None = Field(description="Null: not a number, or infinite")


class Metric(_View):
    """A metric of this process, as Prometheus has it."""

    name: str
    type: str
    description: str
    samples: list[MetricSample]


class MetricsView(_View):
    """What this process has counted since its start."""

    metrics: list[Metric]


class Fault(_View):
    """One thing that is wrong with a request."""

    location: str
    message: str


class Problem(_View):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="Path of the request")
    errors: list[Fault] | None = Field(None, description="For 422: what is not valid, the first few")
