"""The one interface behind which every tracker of a camera sits."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spoton_reid.errors import DetectionShapeError

Embedding = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Track:
    """A detection of the current frame with the track it belongs to.

    Attributes:
        track_id: from 1, never reused within a camera.
        detection_index: row of the detection given to `update`.
        bbox_xyxy: the detection's own box, pixels.
        confidence: the detection's.
        class_id: the detection's.

    """

    track_id: int
    detection_index: int
    bbox_xyxy: tuple[float, float, float, float]
    confidence: float
    class_id: int


class Tracker(ABC):
    """Links the detections of one camera over time. Equal input gives equal tracks, bit for bit."""

    @property
    def needs_embeddings(self) -> bool:
        """Whether `update` wants the embedding of every detection (it is then computed before tracking)."""
        return False

    def update(
        self,
        frame_index: int,
        boxes_xyxy: NDArray[np.float32],
        confidences: NDArray[np.float32],
        class_ids: NDArray[np.int64],
        embeddings: Sequence[Embedding | None],
    ) -> list[Track]:
        """Take the detections of the next frame.

        Args:
            frame_index: the camera's frame; only grows.
            boxes_xyxy: (N, 4) pixels.
            confidences: (N,) in 0..1.
            class_ids: (N,).
            embeddings: N unit vectors, or None where there is none.

        Returns:
            the detections that belong to a track, by detection index.

        Raises:
            DetectionShapeError: the arrays differ in length, or a needed embedding is missing.

        """
        count = len(boxes_xyxy)
        if boxes_xyxy.shape != (count, 4) or not (len(confidences) == len(class_ids) == len(embeddings) == count):
            raise DetectionShapeError(
                f"frame {frame_index}: boxes {boxes_xyxy.shape}, {len(confidences)} confidences, "
                f"{len(class_ids)} classes, {len(embeddings)} embeddings"
            )
        if self.needs_embeddings and any(embedding is None for embedding in embeddings):
            raise DetectionShapeError(f"frame {frame_index}: this tracker needs every detection's embedding")
        linked = self._link(frame_index, boxes_xyxy, confidences, class_ids, embeddings)
        return [_track(track_id, index, boxes_xyxy, confidences, class_ids) for index, track_id in sorted(linked)]

    @abstractmethod
    def _link(
        self,
        frame_index: int,
        boxes_xyxy: NDArray[np.float32],
        confidences: NDArray[np.float32],
        class_ids: NDArray[np.int64],
        embeddings: Sequence[Embedding | None],
    ) -> list[tuple[int, int]]:
        """Return (detection index, track id) pairs, each of both at most once."""

    @abstractmethod
    def snapshot(self) -> bytes:
        """Write the whole state."""

    @abstractmethod
    def restore(self, snapshot: bytes) -> None:
        """Continue exactly where `snapshot` was taken.

        Raises:
            SnapshotError: the bytes are no snapshot of this tracker.

        """


def _track(
    track_id: int,
    index: int,
    boxes_xyxy: NDArray[np.float32],
    confidences: NDArray[np.float32],
    class_ids: NDArray[np.int64],
) -> Track:
    x1, y1, x2, y2 = boxes_xyxy[index].tolist()
    return Track(track_id, index, (x1, y1, x2, y2), float(confidences[index]), int(class_ids[index]))
