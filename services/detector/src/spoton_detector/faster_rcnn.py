"""Faster R-CNN of torchvision, trained on COCO (Ren et al., 2015).

Pictures go one by one on every device: torchvision pads a batch to its largest picture, so a result would depend on its
neighbours.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torchvision.models import get_model, get_model_weights

from spoton_detector.detector import FrameDetections, Image, Thresholds
from spoton_detector.errors import ModelUnavailable, UnusableModel
from spoton_detector.model_source import FASTER_RCNN_NAMES, ModelSource
from spoton_detector.torch_device import choose_device
from spoton_detector.ultralytics_models import TorchOptions


class FasterRcnn:
    """One of torchvision's Faster R-CNNs; class ids are torchvision's COCO categories, 1 is a person."""

    def __init__(self, source: ModelSource, thresholds: Thresholds, options: TorchOptions) -> None:
        """Load a model.

        Raises:
            ModelUnavailable: its weights could not be downloaded.
            UnusableModel: the file does not hold this network's weights.

        """
        architecture = next(name for name in FASTER_RCNN_NAMES if source.name.startswith(name))
        categories = get_model_weights(architecture).DEFAULT.meta["categories"]
        torch.set_num_threads(options.threads)
        self.name = source.name
        self.device = choose_device(options.device)
        self.class_names: Mapping[int, str] = {
            index: name for index, name in enumerate(categories) if name not in ("__background__", "N/A")
        }
        self._network = get_model(
            architecture,
            weights=None,
            weights_backbone=None,
            num_classes=len(categories),
            box_score_thresh=thresholds.confidence,
            box_nms_thresh=thresholds.iou,
            box_detections_per_img=thresholds.max_detections,
        )
        _fill(self._network, source, architecture, options)
        self._network.eval().to(self.device)

    def warm_up(self) -> None:
        """Run once."""
        self.detect([np.zeros((64, 64, 3), np.uint8)])

    def detect(self, images: Sequence[Image]) -> list[FrameDetections]:
        """Find people and objects, one result a picture, in order."""
        with torch.inference_mode():
            return [self._detect_one(image) for image in images]

    def _detect_one(self, image: Image) -> FrameDetections:
        rgb = np.ascontiguousarray(image[:, :, ::-1])
        picture = torch.from_numpy(rgb).to(self.device).permute(2, 0, 1).float() / 255
        found = self._network([picture])[0]
        boxes, scores, labels = (found[part].cpu().numpy() for part in ("boxes", "scores", "labels"))
        return FrameDetections(boxes, scores, labels).best_first().inside(image)


def _fill(network: Any, source: ModelSource, architecture: str, options: TorchOptions) -> None:
    """Give a network its weights: a file's, or torchvision's own."""
    weights = _read(source) if source.path else _download(architecture, options)
    try:
        # Weights saved from a network with frozen normalisation lack the counters of batches, which only training uses.
        missing, unexpected = network.load_state_dict(weights, strict=False)
    except (RuntimeError, TypeError) as error:
        raise UnusableModel(f"{source.path or source.name} does not fit {architecture}: {error}") from error
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise UnusableModel(
            f"{source.path or source.name} does not fit {architecture}: "
            f"{len(missing)} weights are missing, {len(unexpected)} unknown, such as {(missing + unexpected)[0]}"
        )


def _read(source: ModelSource) -> Any:
    try:
        return torch.load(source.path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken file makes pickle and zip raise anything
        raise UnusableModel(f"{source.path} cannot be loaded: {type(error).__name__}: {error}") from error


def _download(architecture: str, options: TorchOptions) -> Any:
    torch.hub.set_dir(str(options.cache / "torch-hub"))
    try:
        return get_model_weights(architecture).DEFAULT.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise ModelUnavailable(
            f"the weights of {architecture} could not be downloaded ({error}); "
            f"give the path of the file, keeping its name"
        ) from error
