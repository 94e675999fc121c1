"""Settings of ingest, read from ``SPOTON_INGEST_*`` variables and from the command line."""

import os
import tempfile
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"spoton-ingest-{os.getuid()}"


class IngestSettings(BaseSettings):
    """What ingest alone has."""

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_INGEST_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_ingest"
    )

    cache_dir: Path = Field(
        default_factory=_temporary_folder,
        json_schema_extra={"default_text": "a folder in the system's temporary one"},
        description="Folder for videos fetched from object storage; several instances may share it",
    )
    cache_max_bytes: int = Field(
        20 * 1024**3, ge=0, description="When this much is cached, nothing more is fetched ahead of its use"
    )
    pace: Literal["fast", "video"] = Field(
        "fast", description="video: no faster than it was taken, as a camera would send it"
    )
    workers: int = Field(2, ge=1, description="Frames decoded and compressed at the same time")
    decode_threads: int = Field(1, ge=1, description="Threads of one video's decoder")
    jpeg_quality: int = Field(90, ge=1, le=100, description="JPEG quality of published frames")
