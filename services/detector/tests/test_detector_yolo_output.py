import numpy as np
from numpy.typing import NDArray
from spoton_detector.detector import Thresholds
from spoton_detector.yolo_output import decode_grid, decode_rows

LIMITS = Thresholds(confidence=0.5, iou=0.5, max_detections=10)


def grid(*anchors: tuple[float, ...]) -> NDArray[np.float32]:
    """One column an anchor: centre x, y, width, height, score of class 0, score of class 1."""
    return np.array(anchors, np.float32).T


def test_a_box_is_decoded_with_its_best_class() -> None:
    found = decode_grid(grid((50, 60, 20, 40, 0.25, 0.75)), LIMITS)
    np.testing.assert_array_equal(found.boxes_xyxy, [[40, 40, 60, 80]])
    assert (found.scores.tolist(), found.class_ids.tolist()) == ([0.75], [1])
    assert (found.boxes_xyxy.dtype, found.scores.dtype, found.class_ids.dtype) == (np.float32, np.float32, np.int64)


def test_weak_boxes_are_dropped_and_the_threshold_itself_is_weak() -> None:
    found = decode_grid(grid((50, 60, 20, 40, 0.5, 0.0), (50, 60, 20, 40, 0.0, 0.1)), LIMITS)
    assert len(found) == 0
    assert found.boxes_xyxy.shape == (0, 4)


def test_of_two_boxes_of_a_class_the_better_stays() -> None:
    found = decode_grid(grid((50, 50, 20, 20, 0.75, 0), (52, 50, 20, 20, 0.875, 0)), LIMITS)
    assert found.scores.tolist() == [0.875]


def test_boxes_of_two_classes_both_stay() -> None:
    found = decode_grid(grid((50, 50, 20, 20, 0.75, 0), (50, 50, 20, 20, 0, 0.875)), LIMITS)
    assert found.class_ids.tolist() == [1, 0]


def test_boxes_apart_both_stay_best_first() -> None:
    found = decode_grid(grid((50, 50, 20, 20, 0.75, 0), (90, 50, 20, 20, 0.875, 0)), LIMITS)
    assert found.scores.tolist() == [0.875, 0.75]


def test_the_number_is_limited_to_the_best() -> None:
    anchors = [(100 * i, 50, 20, 20, 0.55 + i / 32, 0) for i in range(12)]
    found = decode_grid(grid(*anchors), LIMITS)
    assert len(found) == 10
    assert found.boxes_xyxy[0].tolist() == [1090, 40, 1110, 60]


def test_rows_of_a_network_with_its_own_suppression() -> None:
    rows = np.array([[1, 2, 3, 4, 0.75, 1], [5, 6, 7, 8, 0.25, 0], [1, 2, 3, 4, 0.875, 0]], np.float32)
    found = decode_rows(rows, LIMITS)
    assert found.scores.tolist() == [0.875, 0.75]
    assert found.class_ids.tolist() == [0, 1]
