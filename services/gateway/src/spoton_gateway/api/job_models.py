"""What uploads and jobs look like over HTTP."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

JobStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Video(_View):
    """What is in an uploaded file."""

    file_name: str = Field(description="As it was given, without folders")
    size_bytes: int
    container: str
    codec: str
    width: int
    height: int
    frames: int
    duration_s: float
    fps: float


class AnnotatedVideo(_View):
    """A video with boxes, identities and events drawn in: how far it is, and where it is to be had."""

    status: Literal["waiting", "making", "finished", "failed"]
    progress: float = Field(description="Percent", ge=0, le=100)
    message: str = Field(description="The same in a sentence, or why it failed")
    camera_id: str | None = Field(description="null: all cameras, as a grid")
    blur: Literal["none", "faces", "people"]
    url: str


class AcceptedUpload(_View):
    """A file whose processing waits for its turn."""

    job_id: str
    file_key: str
    status: JobStatus
    status_url: str
    websocket_url: str
    video: Video


class Job(_View):
    """How far a job is."""

    job_id: str = Field(description="Also the id of its task, for all routes of tasks and the WebSocket")
    file_key: str
    environment_id: str
    user: str
    status: JobStatus
    progress: float = Field(description="Percent; never goes back", ge=0, le=100)
    message: str | None = Field(description="Why it failed, or what is missing")
    created_at: datetime = Field(description="When it was queued")
    started_at: datetime | None
    ended_at: datetime | None
    classes: list[str]
    status_url: str
    websocket_url: str
    video: Video
    annotated_video: AnnotatedVideo | None = Field(description="null: nobody has asked for it yet")


class JobPage(_View):
    """Jobs, newest first."""

    items: list[Job]
    total: int = Field(description="Jobs of this status, or all, on all pages")
    next_cursor: str | None = Field(description="For the next page; null: this is the last")


class FileKey(_View):
    """The name of an uploaded file."""

    file_key: str


class JobId(_View):
    """The name of a job."""

    job_id: str


class BriefStatus(_View):
    """How far a job is, in short."""

    job_id: str
    status: JobStatus
    progress: float = Field(description="Percent", ge=0, le=100)
    message: str | None


class BriefEvent(_View):
    """Something that happened in a video, by its own time."""

    type: str
    text: str = Field(description="The same in a few words")
    start_s: float
    end_s: float | None
    class_name: str | None
    confidence: float


class BriefEvents(_View):
    """What is known of a job's events; all of them once it is completed."""

    job_id: str
    status: JobStatus
    events: list[BriefEvent]
