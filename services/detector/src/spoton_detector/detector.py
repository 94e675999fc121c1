"""The interface of every detector, and its values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture, height x width x 3, BGR."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as a detection.

    Attributes:
        confidence: scores must be larger, 0 to 1.
        iou: of two boxes of one class that overlap more than this, the weaker goes.
        max_detections: of a picture; the best are kept.

    """

    confidence: float
    iou: float
    max_detections: int


@dataclass(frozen=True, slots=True, eq=False)
class FrameDetections:
    """What a detector sees in one picture, best score first.

    Attributes:
        boxes_xyxy: left, top, right, bottom in pixels of the picture and inside it; (n, 4) float32.
        scores: (n,) float32, 0 to 1.
        class_ids: keys of the detector's ``class_names``; (n,) int64.

    """

    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> "FrameDetections":
        """Return the detections at these indices, or where the mask is true."""
        return FrameDetections(self.boxes_xyxy[chosen], self.scores[chosen], self.class_ids[chosen])

    def best_first(self) -> "FrameDetections":
        """Return them ordered by score; equal scores keep their order."""
        return self.take(np.argsort(-self.scores, kind="stable"))

    def inside(self, image: Image) -> "FrameDetections":
        """Clip the boxes to their picture and drop those of which nothing is left."""
        height, width = image.shape[:2]
        boxes = np.clip(self.boxes_xyxy, np.float32(0), np.array([width, height] * 2, np.float32))
        clipped = FrameDetections(boxes, self.scores, self.class_ids)
        not_empty: NDArray[np.bool_] = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)
        return clipped.take(not_empty)


class Detector(Protocol):
    """A loaded model. What it sees in a picture does not depend on the other pictures of the call."""

    @property
    def name(self) -> str:
        """The model, for people."""

    @property
    def device(self) -> str:
        """Where it runs, for people: ``cpu`` or ``cuda:0``."""

    @property
    def class_names(self) -> Mapping[int, str]:
        """Class id → name, in COCO spelling."""

    def warm_up(self) -> None:
        """Run once on an empty picture, so that the first real one does not wait."""

    def detect(self, images: Sequence[Image]) -> list[FrameDetections]:
        """Find people and objects, one result a picture, in order; pictures may differ in size."""
