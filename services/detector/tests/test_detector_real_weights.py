"""With real weights on real pictures; skipped where there are none."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from spoton_detector.detector import Image, Thresholds
from spoton_detector.yolo_openvino import OpenVinoOptions, YoloOpenVino


@pytest.fixture(scope="module")
def detector(yolo_folder: Path) -> YoloOpenVino:
    return YoloOpenVino(yolo_folder, Thresholds(0.25, 0.7, 300), OpenVinoOptions(threads=2, requests=2))


def test_it_agrees_with_ultralytics(yolo_folder: Path, ultralytics: Any, people_video: list[Image]) -> None:
    # Ultralytics leaves the precision to OpenVINO, whose default depends on the CPU.
    precision = ov.Core().get_property("CPU", "INFERENCE_PRECISION_HINT").to_string()
    options = OpenVinoOptions(threads=2, requests=2, precision=precision, rectangles=False)
    detector = YoloOpenVino(yolo_folder, Thresholds(0.25, 0.7, 300), options)
    theirs = ultralytics.YOLO(yolo_folder, task="detect")
    pictures = people_video[::8]
    for image, found in zip(pictures, detector.detect(pictures), strict=True):
        expected = theirs.predict(image, conf=0.25, iou=0.7, max_det=300, verbose=False)[0].boxes
        assert len(found) == len(expected)
        np.testing.assert_allclose(found.boxes_xyxy, expected.xyxy.numpy(), atol=1.0)
        np.testing.assert_allclose(found.scores, expected.conf.numpy(), atol=0.01)
        assert found.class_ids.tolist() == expected.cls.int().tolist()


def test_people_are_found(detector: YoloOpenVino, people_video: list[Image]) -> None:
    pictures = people_video[::4]
    people = [int((found.class_ids == 0).sum()) for found in detector.detect(pictures)]
    assert sum(count > 0 for count in people) >= 0.5 * len(pictures)


def test_results_are_bit_equal_whatever_the_neighbours(detector: YoloOpenVino, people_video: list[Image]) -> None:
    pictures = people_video[:12]
    together = [found.boxes_xyxy.tobytes() + found.scores.tobytes() for found in detector.detect(pictures)]
    alone = [detector.detect([picture])[0] for picture in pictures]
    assert together == [found.boxes_xyxy.tobytes() + found.scores.tobytes() for found in alone]


def test_a_trimmed_input_shows_the_same_people(
    yolo_folder: Path, detector: YoloOpenVino, people_video: list[Image]
) -> None:
    pictures = people_video[::16]
    whole = YoloOpenVino(yolo_folder, Thresholds(0.25, 0.7, 300), OpenVinoOptions(2, 2, rectangles=False))
    for trimmed, full in zip(detector.detect(pictures), whole.detect(pictures), strict=True):
        sure = full.take((full.class_ids == 0) & (full.scores > 0.5)).boxes_xyxy
        distances = np.abs(trimmed.boxes_xyxy[None] - sure[:, None]).max(axis=2)
        assert (distances.min(axis=1, initial=np.inf) < 6).all()
