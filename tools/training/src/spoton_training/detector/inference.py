"""Finds people in a picture with an exported detector, with Ultralytics' own pre- and post-processing."""

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from spoton_training.offline import import_ultralytics_offline
from spoton_training.runtime import CpuModel

NMS_IOU = 0.6  # people in a crowd overlap more than the usual 0.45 lets through


class PersonFinder:
    """An exported detector on the CPU; raises ModelFileError for a file that is none."""

    def __init__(self, file: Path, threads: int = 2) -> None:
        import_ultralytics_offline()
        self.model = CpuModel(file, threads)

    def find(self, image: NDArray[np.uint8], min_confidence: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """People of a BGR image (H, W, 3): boxes (N, 4) xyxy in its pixels and confidences (N,), best first."""
        from ultralytics.data.augment import LetterBox
        from ultralytics.utils.nms import non_max_suppression
        from ultralytics.utils.ops import scale_boxes

        size = self.model.input_shape[2:]
        boxed = cv2.cvtColor(LetterBox(size, auto=False)(image=image), cv2.COLOR_BGR2RGB)
        prepared = (boxed.astype(np.float32) / 255).transpose(2, 0, 1)[None]
        raw = torch.from_numpy(self.model(prepared))
        found = non_max_suppression(raw, conf_thres=min_confidence, iou_thres=NMS_IOU, nc=1)[0]
        found[:, :4] = scale_boxes(size, found[:, :4], image.shape)
        values = found.numpy().astype(np.float32)
        return values[:, :4], values[:, 4]
