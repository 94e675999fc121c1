"""Settings of annotated videos, of the gateway and of the process that makes them."""

import os
import tempfile
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"spoton-videos-{os.getuid()}"


class VideoSettings(BaseSettings):
    """Where videos lie; the gateway and the process that makes them have the same. Read from ``SPOTON_VIDEOS_*``."""

    model_config = SettingsConfigDict(env_prefix="SPOTON_VIDEOS_", frozen=True)

    dir: Path = Field(
        default_factory=_temporary_folder,
        json_schema_extra={"default_text": "a folder in the system's temporary one"},
        description="Folder in which annotated videos are made, and stay unless there is a bucket; the gateway and all "
        "that make videos share it",
    )
    bucket: str = Field(
        "", pattern=r"^(s3://[^/]+(/.*[^/])?)?$", description="Where finished videos go instead: s3://bucket[/prefix]"
    )


class WorkerSettings(BaseSettings):
    """What the process that makes videos alone has. Read from ``SPOTON_VIDEOS_*`` variables."""

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_VIDEOS_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_gateway.videos"
    )

    of_jobs: bool = Field(True, description="Make the video of every job that completes, without being asked")
    keep_days: float = Field(
        30.0, gt=0, description="Videos that nobody asked for so long are removed, days; asked for, they are made anew"
    )
    lease_s: float = Field(
        10.0, gt=0, description="A process that says nothing for so long is taken for dead: another goes on, seconds"
    )
