"""What a model's name stands for."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from spoton_common.model_files import candidate_paths

from spoton_detector.errors import UnknownModel


class Family(StrEnum):
    """Who runs a model."""

    YOLO_OPENVINO = "yolo-openvino"
    ULTRALYTICS = "ultralytics"
    FASTER_RCNN = "faster-rcnn"


FASTER_RCNN_NAMES = ("fasterrcnn_resnet50_fpn_v2", "fasterrcnn_mobilenet_v3_large_320_fpn")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model: ``path`` is its file or folder; without one, ``name`` is known to the family's library."""

    family: Family
    name: str
    path: Path | None = None


def find_model(name: str, folders: Iterable[Path]) -> ModelSource:
    """Find what a model setting means.

    In this order: a path that exists; in one of the folders a file or folder of that name, or
    ``<name>-detector.onnx``; a name that torchvision or Ultralytics know.

    Raises:
        UnknownModel: none of these, or a file of an unknown kind.

    """
    candidates = candidate_paths(name, "-detector.onnx", folders)
    for path in candidates:
        if path.exists():
            return ModelSource(_family_of_path(path), path.name, path)
    if name in FASTER_RCNN_NAMES:
        return ModelSource(Family.FASTER_RCNN, name)
    if "/" not in name and name.startswith(("yolo", "rtdetr")) and Path(name).suffix in ("", ".pt"):
        return ModelSource(Family.ULTRALYTICS, f"{Path(name).stem}.pt" if name.endswith(".pt") else f"{name}.pt")
    looked = ", ".join(str(path) for path in candidates)
    raise UnknownModel(
        f"no detector {name!r}: give a path, a name such as yolo11n.pt or rtdetr-l.pt, "
        f"or one of {', '.join(FASTER_RCNN_NAMES)} (looked for {looked})"
    )


def _family_of_path(path: Path) -> Family:
    if path.name.startswith("rtdetr"):  # whatever its format, its output is not YOLO's
        return Family.ULTRALYTICS
    if path.name.startswith(FASTER_RCNN_NAMES):
        return Family.FASTER_RCNN
    if path.suffix in (".onnx", ".xml") or (path.is_dir() and any(path.glob("*.xml"))):
        return Family.YOLO_OPENVINO
    if path.suffix in (".pt", ".engine"):
        return Family.ULTRALYTICS
    raise UnknownModel(
        f"{path} is no model that we know: YOLO and RT-DETR are .pt, .engine, .onnx or a folder with OpenVINO's .xml; "
        f"torchvision's weights keep their names, which start with {' or '.join(FASTER_RCNN_NAMES)}"
    )
