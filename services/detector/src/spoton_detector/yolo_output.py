"""From a YOLO network's output tensor to boxes in network pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

from spoton_detector.detector import FrameDetections, Thresholds


def decode_grid(output: NDArray[np.float32], thresholds: Thresholds) -> FrameDetections:
    """Decode the output of YOLOv8, YOLO11 and their like.

    Args:
        output: (4 + classes, anchors): box centre x, y, width, height in network pixels, then a score a class.
        thresholds: what to keep; suppression is among boxes of one class.

    """
    class_scores = output[4:]
    best = class_scores.max(axis=0)
    anchors = np.flatnonzero(best > np.float32(thresholds.confidence))
    centre, size = output[:2, anchors].T, output[2:4, anchors].T
    found = FrameDetections(
        np.concatenate([centre - size / 2, centre + size / 2], axis=1),
        best[anchors],
        class_scores[:, anchors].argmax(axis=0),
    )
    return suppress(found, thresholds)


def decode_rows(output: NDArray[np.float32], thresholds: Thresholds) -> FrameDetections:
    """Decode the output of a network that suppresses overlaps itself (YOLOv10, YOLO26).

    Args:
        output: (rows, 6): left, top, right, bottom in network pixels, score, class.
        thresholds: confidence and number to keep.

    """
    rows = output[output[:, 4] > np.float32(thresholds.confidence)]
    found = FrameDetections(rows[:, :4].copy(), rows[:, 4].copy(), rows[:, 5].astype(np.int64))
    return found.best_first().take(np.arange(min(len(found), thresholds.max_detections)))


def suppress(found: FrameDetections, thresholds: Thresholds) -> FrameDetections:
    """Drop boxes that overlap a better one of their class, keep the best, order them by score."""
    if not len(found):
        return found
    xywh = found.boxes_xyxy.astype(np.float64)
    xywh[:, 2:] -= xywh[:, :2]
    kept = cv2.dnn.NMSBoxesBatched(
        xywh.tolist(), found.scores.tolist(), found.class_ids.tolist(), thresholds.confidence, thresholds.iou
    )
    return found.take(np.asarray(kept, np.int64)[: thresholds.max_detections])
