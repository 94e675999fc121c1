"""Settings of the detector, read from ``SPOTON_DETECTOR_*`` variables and from the command line."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from spoton_schemas.bounds import MAX_BOXES, MAX_PICTURE_PIXELS


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _user_cache() -> Path:
    return Path.home() / ".cache" / "spoton"


class DetectorSettings(BaseSettings):
    """What the detector alone has."""

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_DETECTOR_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_detector"
    )

    model: str = Field("spoton-demo", description="Path or name of the model; the name decides the family")
    device: str = Field("auto", description="For PyTorch and TensorRT: auto, cpu, cuda:0, mps")
    input_hw: tuple[int, int] | None = Field(
        None, description="Network input [height, width], multiples of 32; exports of a fixed size can only get smaller"
    )
    mode: Literal["every-frame", "adaptive"] = Field(
        "every-frame", description="adaptive: look five times a second; tracking fills in the other pictures"
    )
    confidence: float = Field(0.1, gt=0, lt=1, description="Least score; low, because trackers use weak boxes")
    iou: float = Field(
        0.7, gt=0, le=1, description="Overlap above which the weaker box of a class goes; a model may ask for less"
    )
    max_detections: int = Field(300, ge=1, le=MAX_BOXES, description="Most boxes a picture")

    threads: int = Field(
        default_factory=_usable_cores,
        ge=1,
        description="Processor threads for the network and for JPEG work",
        json_schema_extra={"default_text": "the usable cores"},
    )
    requests: int | None = Field(
        None, ge=1, description="OpenVINO: pictures in flight; default: one a thread (throughput); 1: least latency"
    )
    precision: Literal["f32", "bf16", "f16"] = Field("f32", description="OpenVINO: arithmetic, except of int8 layers")
    gpu_batch: int = Field(8, ge=1, description="GPU: pictures a call; shorter batches are filled up")
    max_batch: int = Field(16, ge=1, description="Most records taken from Kafka at once")

    max_pixels: int = Field(MAX_PICTURE_PIXELS, ge=1, description="Larger pictures are refused")
    crop_min_width: int = Field(8, ge=1, description="Narrower people, in pixels, give no crop")
    crop_min_height: int = Field(24, ge=1, description="Lower people, in pixels, give no crop")
    crop_quality: int = Field(95, ge=1, le=100, description="JPEG quality of crops")

    cache: Path = Field(
        default_factory=_user_cache,
        json_schema_extra={"default_text": "~/.cache/spoton"},
        description="Folder for weights that libraries download",
    )
