"""What Ultralytics writes beside, or into, a model that it exports."""

import ast
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from spoton_detector.errors import UnusableModel


class YoloMetadata(BaseModel):
    """The part of an export's metadata that running it needs.

    Attributes:
        imgsz: (height, width).
        spoton_nms_iou: our addition: the least overlap at which this network answers twice for one object. Small
            networks need less than Ultralytics' 0.7; the stricter of this and the setting counts.

    """

    model_config = ConfigDict(frozen=True)

    task: str
    names: dict[int, str]
    imgsz: tuple[int, int]
    end2end: bool = False
    spoton_nms_iou: float = 1.0


def read_metadata(path: Path, model: Any) -> YoloMetadata:
    """Read the metadata of an export.

    Args:
        path: the model's ``.xml`` (then ``metadata.yaml`` lies beside it) or ``.onnx``.
        model: the same model as ``openvino.Model``; for ONNX the metadata is inside.

    Raises:
        UnusableModel: there is none, or it does not describe a detector.

    """
    entries = _from_onnx(model) if path.suffix == ".onnx" else _from_yaml(path.with_name("metadata.yaml"))
    try:
        metadata = YoloMetadata.model_validate(entries)
    except ValidationError as error:
        raise UnusableModel(f"{path}: metadata as Ultralytics writes it is missing or broken: {error}") from error
    if metadata.task != "detect":
        raise UnusableModel(f"{path}: this model's task is {metadata.task!r}, not 'detect'")
    return metadata


def _from_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnusableModel(f"{path} is missing; export the model with Ultralytics, which writes it") from None
    except yaml.YAMLError as error:
        raise UnusableModel(f"{path}: {error}") from error


def _from_onnx(model: Any) -> dict[str, Any]:
    """ONNX metadata are strings; Ultralytics writes Python literals into them."""
    if not model.has_rt_info("framework"):
        return {}
    entries = model.get_rt_info("framework").value
    return {key: _literal(str(value)) for key, value in entries.items() if key in YoloMetadata.model_fields}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
