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
    """Turns video into timed frames: reads `segments`, writes `frames`.

    Every option is also a variable, SPOTON_INGEST_<OPTION>. Where Kafka and the schema registry are:
    SPOTON_KAFKA_BOOTSTRAP, SPOTON_REGISTRY_URL. Object storage: SPOTON_S3_ENDPOINT_URL, _REGION, _ACCESS_KEY,
    _SECRET_KEY. Local files that may be read: SPOTON_FILE_ROOTS (a JSON list), SPOTON_FILE_ROOTS_FILE. Where /health
    and /metrics are served: SPOTON_HTTP_HOST and SPOTON_HTTP_PORT.
    """

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_INGEST_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_ingest"
    )

    cache_dir: Path = Field(
        default_factory=_temporary_folder,
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
