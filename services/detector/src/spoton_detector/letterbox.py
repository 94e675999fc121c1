"""Fits a picture into a network's input as Ultralytics does: same aspect, centred, grey borders."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from spoton_detector.detector import Image

_GREY = (114, 114, 114)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture lies in the network's input; all in pixels.

    The rounding is that of ``ultralytics.data.augment.LetterBox`` and ``ultralytics.utils.ops.scale_boxes``.
    """

    source_width: int
    source_height: int
    network_width: int
    network_height: int
    inner_width: int
    inner_height: int
    left: int
    top: int

    @classmethod
    def fit(cls, source_hw: tuple[int, int], network_hw: tuple[int, int]) -> "Letterbox":
        """Fit a picture of that (height, width) into a network of that (height, width)."""
        scale = min(network_hw[0] / source_hw[0], network_hw[1] / source_hw[1])
        inner_height, inner_width = (max(round(side * scale), 1) for side in source_hw)
        left = round((network_hw[1] - inner_width) / 2 - 0.1)
        top = round((network_hw[0] - inner_height) / 2 - 0.1)
        return cls(source_hw[1], source_hw[0], network_hw[1], network_hw[0], inner_width, inner_height, left, top)

    def apply(self, image: Image) -> Image:
        """Return the network's input, (network height, network width, 3) uint8, channels as they came."""
        if (self.inner_height, self.inner_width) != image.shape[:2]:
            image = cv2.resize(image, (self.inner_width, self.inner_height), interpolation=cv2.INTER_LINEAR)
        right = self.network_width - self.inner_width - self.left
        bottom = self.network_height - self.inner_height - self.top
        bordered: Image = cv2.copyMakeBorder(
            image, self.top, bottom, self.left, right, cv2.BORDER_CONSTANT, value=_GREY
        )
        return bordered

    def to_source(self, boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take (n, 4) boxes from network pixels to source pixels, which may lie outside the picture."""
        offset = np.array([self.left, self.top] * 2, np.float32)
        gain = np.array([self.inner_width / self.source_width, self.inner_height / self.source_height] * 2, np.float32)
        return (boxes_xyxy - offset) / gain
