"""What an embedding model expects to see: size, colour order and scale of its input.

The description is looked for in this order: `embedder.yaml` beside the model, the ONNX metadata
property `spoton_embedder` (the same document), the table of known public models below.
"""

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spoton_reid.errors import ModelDescriptionError

SIDECAR_NAME = "embedder.yaml"
METADATA_KEY = "spoton_embedder"

_NO_MEAN = (0.0, 0.0, 0.0)
_NO_STD = (1.0, 1.0, 1.0)


class ModelDescription(BaseModel):
    """How a crop becomes the input of a network: `(pixel · scale − mean) / std` per channel."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    input_height_px: int = Field(default=256, gt=0)
    input_width_px: int = Field(default=128, gt=0)
    colour_order: Literal["bgr", "rgb"]
    scale: float = Field(default=1.0, gt=0)
    mean: tuple[float, float, float] = _NO_MEAN
    std: tuple[float, float, float] = _NO_STD
    even_cosine: float = Field(default=0.45, gt=-1, lt=1, description="cosine at which same and different are even")
    slope: float = Field(default=10.0, gt=0, description="log-odds of one person for each unit of cosine above that")

    def prepare(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Prepare one crop: uint8 (H, W, 3) BGR → float32 (3, input height, input width)."""
        size = (self.input_width_px, self.input_height_px)
        resized = cv2.resize(crop, size, interpolation=cv2.INTER_LINEAR)
        if self.colour_order == "rgb":
            resized = resized[:, :, ::-1]
        planes = np.ascontiguousarray(resized.transpose(2, 0, 1), dtype=np.float32)
        # A network that scales its input itself has nothing more to ask for, and this costs more than the rest.
        if (self.scale, self.mean, self.std) == (1.0, _NO_MEAN, _NO_STD):
            return planes
        mean, std = (np.array(values, np.float32)[:, None, None] for values in (self.mean, self.std))
        prepared: NDArray[np.float32] = (planes * np.float32(self.scale) - mean) / std
        return prepared


def _imagenet_rgb(name: str) -> ModelDescription:
    """Describe a network trained with torchvision's ImageNet normalisation, as torchreid's are."""
    return ModelDescription(
        name=name,
        colour_order="rgb",
        scale=1 / 255,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        even_cosine=0.75,  # OSNet's cosines lie closer together; measured on EPFL's terrace sequence
        slope=20.0,
    )


def _raw_bgr(name: str) -> ModelDescription:
    """Describe Open Model Zoo's networks, which scale their input themselves."""
    return ModelDescription(name=name, colour_order="bgr")


# Public models that carry no description of their own, by the start of their file's name.
_KNOWN_MODELS = {"osnet": _imagenet_rgb, "person-reidentification-retail-": _raw_bgr}


def describe_model(model: Path, metadata: str | None = None) -> ModelDescription:
    """Find the description of a model file.

    Args:
        model: the model's file.
        metadata: text of the `spoton_embedder` property, where the file has one.

    Raises:
        ModelDescriptionError: nothing describes the model, or the description is wrong.

    """
    sidecar = model.parent / SIDECAR_NAME
    if sidecar.is_file():
        return _parse(sidecar.read_text(encoding="utf-8"), str(sidecar))
    if metadata is not None:
        return _parse(metadata, f"{METADATA_KEY} of {model}")
    for prefix, describe in _KNOWN_MODELS.items():
        if model.stem.startswith(prefix):
            return describe(model.stem)
    raise ModelDescriptionError(
        f"nothing says how crops are prepared for {model}: put {SIDECAR_NAME} beside it "
        f"(name, colour_order, scale, mean, std, input_height_px, input_width_px)"
    )


def _parse(text: str, origin: str) -> ModelDescription:
    try:
        return ModelDescription.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise ModelDescriptionError(f"{origin}: {error}") from error
