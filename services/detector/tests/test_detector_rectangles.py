"""A network whose input was trimmed is the network that was exported for that input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoton_detector.detector import Image, Thresholds
from spoton_detector.errors import UnusableModel
from spoton_detector.yolo_openvino import OpenVinoOptions, YoloOpenVino
from spoton_detector.yolo_rectangle import smallest_rectangle


@pytest.mark.parametrize(
    ("picture_hw", "full_hw", "expected"),
    [
        ((288, 360), (640, 640), (512, 640)),
        ((1080, 1920), (640, 640), (384, 640)),
        ((1920, 1080), (640, 640), (640, 384)),
        ((500, 500), (640, 640), (640, 640)),
        ((540, 960), (384, 640), (384, 640)),
        ((1, 4000), (640, 640), (128, 640)),
    ],
)
def test_the_input_fits_the_picture(
    picture_hw: tuple[int, int], full_hw: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert smallest_rectangle(picture_hw, full_hw) == expected


@pytest.fixture(scope="module")
def exported(random_yolo: Path, ultralytics: Any) -> dict[tuple[int, int], Path]:
    """One network of random weights, exported for two inputs."""
    paths = {}
    for hw in ((256, 256), (128, 256)):
        path = Path(ultralytics.YOLO(random_yolo).export(format="onnx", imgsz=hw, simplify=False, verbose=False))
        paths[hw] = path.rename(path.with_name(f"random-{hw[0]}.onnx"))
    return paths


def test_a_trimmed_network_equals_one_exported_for_that_input(
    exported: dict[tuple[int, int], Path], everything: Thresholds
) -> None:
    image: Image = np.random.default_rng(3).integers(0, 256, (100, 250, 3), dtype=np.uint8)
    trimmed, own = (
        YoloOpenVino(exported[hw], everything, OpenVinoOptions(1, 1)).detect([image])[0]
        for hw in ((256, 256), (128, 256))
    )
    assert len(own) > 0
    np.testing.assert_allclose(trimmed.boxes_xyxy, own.boxes_xyxy, atol=1e-3)
    np.testing.assert_allclose(trimmed.scores, own.scores, rtol=1e-4)


def test_without_rectangles_the_whole_input_is_used(
    exported: dict[tuple[int, int], Path], everything: Thresholds
) -> None:
    image: Image = np.random.default_rng(3).integers(0, 256, (100, 250, 3), dtype=np.uint8)
    trimmed, whole = (
        YoloOpenVino(exported[256, 256], everything, OpenVinoOptions(1, 1, rectangles=r)).detect([image])[0]
        for r in (True, False)
    )
    assert trimmed.scores.tobytes() != whole.scores.tobytes()


def test_a_fixed_input_can_be_made_smaller(exported: dict[tuple[int, int], Path], everything: Thresholds) -> None:
    image: Image = np.random.default_rng(3).integers(0, 256, (128, 256, 3), dtype=np.uint8)
    smaller = YoloOpenVino(exported[256, 256], everything, OpenVinoOptions(1, 1, input_hw=(128, 256)))
    own = YoloOpenVino(exported[128, 256], everything, OpenVinoOptions(1, 1))
    np.testing.assert_allclose(smaller.detect([image])[0].scores, own.detect([image])[0].scores, rtol=1e-4)
    with pytest.raises(UnusableModel, match=r"cannot get an input of \(100, 256\)"):
        YoloOpenVino(exported[256, 256], everything, OpenVinoOptions(1, 1, input_hw=(100, 256)))
