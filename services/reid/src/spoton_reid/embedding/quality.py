"""Which boxes give a crop worth embedding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def box_visibilities(boxes_xyxy: Floats) -> Floats:
    """Estimate the visible share of each box of one frame.

    A box is hidden by another whose foot is lower in the image, for that person stands nearer to the
    camera: visibility = 1 − the largest share of the box that one such box covers.

    Args:
        boxes_xyxy: (N, 4) pixels.

    Returns:
        (N,) in 0..1.

    """
    if len(boxes_xyxy) == 0:
        return np.zeros(0, dtype=np.float32)
    top_left = np.maximum(boxes_xyxy[:, None, :2], boxes_xyxy[None, :, :2])
    bottom_right = np.minimum(boxes_xyxy[:, None, 2:], boxes_xyxy[None, :, 2:])
    shared = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    areas = np.clip(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 1e-6, None).prod(axis=1)
    nearer = boxes_xyxy[None, :, 3] > boxes_xyxy[:, None, 3]
    covered = np.where(nearer, shared / areas[:, None], 0.0).max(axis=1)
    visibilities: Floats = np.clip(1.0 - covered, 0.0, 1.0).astype(np.float32)
    return visibilities


@dataclass(frozen=True, slots=True)
class CropGate:
    """Least quality of a crop: anything worse says more about the occluder than about the person."""

    min_height_px: float = 32.0  # an eighth of the usual network input: below, colours are all that is left
    min_width_px: float = 12.0
    min_width_to_height: float = 0.2  # narrower boxes are slivers at the image border
    min_visibility: float = 0.3
    min_confidence: float = 0.25
    min_inside: float = 0.9  # share of the box that lies inside the image

    def accepts(
        self, boxes_xyxy: Floats, confidences: Floats, visibilities: Floats, image_size_px: tuple[int, int]
    ) -> NDArray[np.bool_]:
        """Judge the boxes of one frame.

        Args:
            boxes_xyxy: (N, 4) pixels.
            confidences: (N,) of the detector.
            visibilities: (N,) as `box_visibilities` gives them.
            image_size_px: (width, height).

        Returns:
            (N,) True where the crop is worth embedding.

        """
        sizes = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
        limit = np.array(image_size_px, dtype=np.float32)
        inner = np.clip(boxes_xyxy[:, 2:], 0, limit) - np.clip(boxes_xyxy[:, :2], 0, limit)
        inside = inner.prod(axis=1) / np.maximum(sizes.prod(axis=1), 1e-6)
        judged: NDArray[np.bool_] = (
            (sizes[:, 0] >= self.min_width_px)
            & (sizes[:, 1] >= self.min_height_px)
            & (sizes[:, 0] >= self.min_width_to_height * sizes[:, 1])
            & (visibilities >= self.min_visibility)
            & (confidences >= self.min_confidence)
            & (inside >= self.min_inside)
        )
        return judged
