"""YOLO and RT-DETR as Ultralytics runs them: PyTorch weights, TensorRT engines.

On a GPU every call gets the same number of pictures, filled up with empty ones, and every picture the same letterbox:
kernels are chosen by shape, so with a varying one a picture's last bits would depend on its neighbours. On a CPU, where
a batch gains nothing, pictures go one by one.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spoton_detector.detector import FrameDetections, Image, Thresholds
from spoton_detector.errors import ModelUnavailable, UnusableModel
from spoton_detector.model_source import ModelSource
from spoton_detector.torch_device import choose_device


@dataclass(frozen=True, slots=True)
class TorchOptions:
    """How models of torch are run.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda:0``, ``mps`` …
        threads: of torch's arithmetic on the CPU.
        batch: pictures a call on a GPU.
        cache: folder for downloaded weights and the library's own settings.
        input_hw: input (height, width); None: the model's own.

    """

    device: str
    threads: int
    batch: int
    cache: Path
    input_hw: tuple[int, int] | None = None


class UltralyticsDetector:
    """A model behind Ultralytics' ``predict``."""

    def __init__(self, source: ModelSource, thresholds: Thresholds, options: TorchOptions) -> None:
        """Load a model.

        Raises:
            ModelUnavailable: its name could not be downloaded.
            UnusableModel: the file is broken or not a detector.

        """
        self.name = source.name
        self.device = choose_device(options.device)
        self._batch = 1 if self.device == "cpu" else options.batch
        self._model = _load(source, options)
        self.class_names: Mapping[int, str] = dict(self._model.names)
        self._arguments = {
            "conf": thresholds.confidence,
            "iou": thresholds.iou,
            "max_det": thresholds.max_detections,
            "device": self.device,
            "rect": False,
            "verbose": False,
        } | ({"imgsz": list(options.input_hw)} if options.input_hw else {})

    def warm_up(self) -> None:
        """Run a full batch once."""
        self.detect([_empty()] * self._batch)

    def detect(self, images: Sequence[Image]) -> list[FrameDetections]:
        """Find people and objects, one result a picture, in order."""
        found: list[FrameDetections] = []
        for first in range(0, len(images), self._batch):
            batch = list(images[first : first + self._batch])
            filled = batch + [_empty()] * (self._batch - len(batch))
            results = self._model.predict(filled, **self._arguments)
            found += [_detections(result.boxes).inside(image) for image, result in zip(batch, results, strict=False)]
        return found


def _detections(boxes: Any) -> FrameDetections:
    return FrameDetections(
        boxes.xyxy.cpu().numpy().astype(np.float32),
        boxes.conf.cpu().numpy().astype(np.float32),
        boxes.cls.cpu().numpy().astype(np.int64),
    ).best_first()


def _empty() -> Image:
    return np.zeros((64, 64, 3), np.uint8)


def _load(source: ModelSource, options: TorchOptions) -> Any:
    ultralytics = import_ultralytics(options)
    is_rtdetr = source.name.startswith("rtdetr")
    path = source.path or options.cache / source.name
    try:
        model = ultralytics.RTDETR(str(path)) if is_rtdetr else ultralytics.YOLO(str(path), task="detect")
    except (OSError, AssertionError) as error:
        if source.path is None:
            raise ModelUnavailable(
                f"{source.name} could not be downloaded ({error}); put the file somewhere and give its path"
            ) from error
        raise UnusableModel(f"{path}: {error}") from error
    except Exception as error:  # a broken file makes torch and the exporters' libraries raise anything
        raise UnusableModel(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    if model.task != "detect":
        raise UnusableModel(f"{path}: this model's task is {model.task!r}, not 'detect'")
    return model


def import_ultralytics(options: TorchOptions) -> Any:
    """Import the library so that it neither phones home nor installs packages; both are read at its import."""
    options.cache.mkdir(parents=True, exist_ok=True)
    os.environ["YOLO_OFFLINE"] = "1"
    os.environ["YOLO_AUTOINSTALL"] = "0"
    os.environ.setdefault("YOLO_CONFIG_DIR", str(options.cache))
    os.environ.setdefault("YOLO_VERBOSE", "False")
    import torch  # the slow imports wait until a model of theirs is chosen
    import ultralytics

    ultralytics.settings.update({"sync": False})
    torch.set_num_threads(options.threads)
    return ultralytics
