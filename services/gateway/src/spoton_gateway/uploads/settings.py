"""Settings of uploads and of the jobs that process them."""

import os
import tempfile
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"spoton-uploads-{os.getuid()}"


class UploadSettings(BaseSettings):
    """What the gateway accepts, and how it shares the line. Read from ``SPOTON_GATEWAY_UPLOAD_*`` variables."""

    model_config = SettingsConfigDict(env_prefix="SPOTON_GATEWAY_UPLOAD_", frozen=True)

    dir: Path = Field(
        default_factory=_temporary_folder,
        json_schema_extra={"default_text": "a folder in the system's temporary one"},
        description="Folder in which uploads arrive, and stay unless there is a bucket; ingest must be allowed to "
        "read it (SPOTON_FILE_ROOTS). Several gateways may share it",
    )
    bucket: str = Field(
        "", pattern=r"^(s3://[^/]+(/.*[^/])?)?$", description="Where accepted uploads go instead: s3://bucket[/prefix]"
    )
    max_bytes: int = Field(100 * 2**20, ge=1, description="Size of a file, bytes")
    max_fps: float = Field(60.0, gt=0, description="Frame rate, frames per second")
    max_duration_s: float = Field(3600.0, gt=0, description="Duration, seconds")
    max_pixels: int = Field(3840 * 2160, ge=1, description="Pixels of one picture")
    formats: frozenset[str] = Field(
        frozenset({"mp4", "mov", "avi"}),
        json_schema_extra={"default_text": '["mp4", "mov", "avi"]'},
        description="Containers that are accepted, as JSON",
    )
    codecs: frozenset[str] = Field(
        frozenset({"h264", "hevc", "mpeg4", "mjpeg", "vp9", "av1"}),
        json_schema_extra={"default_text": '["h264", "hevc", "mpeg4", "mjpeg", "vp9", "av1"]'},
        description="Codecs that are accepted, by FFmpeg's names, as JSON",
    )
    small_max_bytes: int = Field(10 * 2**20, ge=1, description="Size of a file for POST /upload, which takes MP4 only")
    max_at_once: int = Field(8, ge=1, description="Uploads that one process takes at the same time")
    stall_s: float = Field(20.0, gt=0, description="How long nothing may arrive before an upload is given up, seconds")
    timeout_s: float = Field(1800.0, gt=0, description="How long an upload may take, seconds")
    probe_s: float = Field(20.0, gt=0, description="How long a look into a file may take, seconds")
    keep_unused_h: float = Field(24.0, gt=0, description="Uploads that nobody processes are removed after this time, h")
    classes: tuple[str, ...] = Field(
        ("person", "cup", "bottle", "cell phone", "book", "backpack", "handbag", "suitcase", "laptop"),
        json_schema_extra={"default_text": "people and what they carry"},
        description="What is looked for where an upload does not say, by COCO names, as JSON",
    )
    processing_fps: float = Field(
        15.0, ge=0.1, description="Frames taken per second of video: its own rate, or an even part of it up to this"
    )
    running_per_user: int = Field(2, ge=1, description="Jobs of one user that run at the same time; others wait")
    running: int = Field(16, ge=1, description="Jobs that run at the same time in all")
