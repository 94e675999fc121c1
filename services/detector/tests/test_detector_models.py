"""What every detector must do, and what is special to each family."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoton_detector.detector import Detector, FrameDetections, Image, Thresholds
from spoton_detector.errors import ModelUnavailable, UnusableModel
from spoton_detector.faster_rcnn import FasterRcnn
from spoton_detector.model_source import Family, ModelSource
from spoton_detector.ultralytics_models import TorchOptions, UltralyticsDetector
from spoton_detector.yolo_openvino import OpenVinoOptions, YoloOpenVino

MOBILENET = "fasterrcnn_mobilenet_v3_large_320_fpn"
SMALL_RTDETR = """
nc: 80
scales: {l: [1.0, 1.0, 512]}
backbone:
  - [-1, 1, Conv, [16, 3, 4]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 1, Conv, [64, 3, 2]]
head:
  - [[1, 2, 3], 1, RTDETRDecoder, [nc, 64, 30]]
"""


def source(path: Path) -> ModelSource:
    return ModelSource(Family.ULTRALYTICS, path.name, path)


@pytest.fixture(scope="module")
def openvino(random_yolo_onnx: Path, everything: Thresholds) -> Detector:
    return YoloOpenVino(random_yolo_onnx, everything, OpenVinoOptions(threads=2, requests=2))


@pytest.fixture(scope="module")
def yolo(random_yolo: Path, everything: Thresholds, torch_options: TorchOptions) -> Detector:
    return UltralyticsDetector(source(random_yolo), everything, torch_options)


@pytest.fixture(scope="module")
def rtdetr(
    ultralytics: Any, everything: Thresholds, torch_options: TorchOptions, tmp_path_factory: pytest.TempPathFactory
) -> Detector:
    folder = tmp_path_factory.mktemp("rtdetr")
    (folder / "rtdetr-l.yaml").write_text(SMALL_RTDETR, encoding="utf-8")
    ultralytics.RTDETR(str(folder / "rtdetr-l.yaml")).save(folder / "rtdetr-small.pt")
    return UltralyticsDetector(source(folder / "rtdetr-small.pt"), everything, torch_options)


@pytest.fixture(scope="module")
def mobilenet_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from torchvision.models import get_model

    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("torchvision") / f"{MOBILENET}-random.pth"
    network = get_model(MOBILENET, weights=None, weights_backbone=None)
    network.roi_heads.box_predictor.cls_score.bias.data[1] = 3.0  # without training no class would stand out
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def faster_rcnn(mobilenet_weights: Path, torch_options: TorchOptions) -> Detector:
    weights = ModelSource(Family.FASTER_RCNN, mobilenet_weights.name, mobilenet_weights)
    return FasterRcnn(weights, Thresholds(confidence=0.1, iou=0.5, max_detections=50), torch_options)


@pytest.fixture(params=["openvino", "yolo", "rtdetr", "faster_rcnn"])
def detector(request: pytest.FixtureRequest) -> Detector:
    chosen: Detector = request.getfixturevalue(request.param)
    chosen.warm_up()
    return chosen


def bits(found: FrameDetections) -> tuple[bytes, bytes, bytes]:
    return (found.boxes_xyxy.tobytes(), found.scores.tobytes(), found.class_ids.tobytes())


def test_results_have_their_shapes_order_and_limits(detector: Detector, noise: list[Image]) -> None:
    for image, found in zip(noise, detector.detect(noise), strict=True):
        assert 0 < len(found) <= 50
        assert found.boxes_xyxy.shape == (len(found), 4)
        assert (found.boxes_xyxy.dtype, found.scores.dtype, found.class_ids.dtype) == (np.float32, np.float32, np.int64)
        assert (np.diff(found.scores) <= 0).all()
        assert set(found.class_ids.tolist()) <= set(detector.class_names)
        height, width = image.shape[:2]
        assert (found.boxes_xyxy >= 0).all()
        assert (found.boxes_xyxy <= [width, height, width, height]).all()
        assert (found.boxes_xyxy[:, 2:] > found.boxes_xyxy[:, :2]).all()


def test_results_are_bit_equal_whatever_the_neighbours(detector: Detector, noise: list[Image]) -> None:
    together = [bits(found) for found in detector.detect(noise)]
    backwards = [bits(found) for found in detector.detect(noise[::-1])][::-1]
    alone = [bits(detector.detect([image])[0]) for image in noise]
    assert together == alone == backwards


def test_no_pictures_give_no_results(detector: Detector) -> None:
    assert detector.detect([]) == []


def test_openvino_agrees_with_ultralytics(
    everything: Thresholds, ultralytics: Any, random_yolo_onnx: Path, noise: list[Image]
) -> None:
    # Ultralytics pads pictures to the whole input of an ONNX file.
    ours = YoloOpenVino(random_yolo_onnx, everything, OpenVinoOptions(threads=2, requests=2, rectangles=False))
    theirs = ultralytics.YOLO(random_yolo_onnx, task="detect")
    for image, found in zip(noise, ours.detect(noise), strict=True):
        expected = theirs.predict(image, conf=1e-6, iou=0.7, max_det=50, imgsz=(96, 160), verbose=False)[0].boxes
        assert len(found) == len(expected)
        np.testing.assert_allclose(found.boxes_xyxy, expected.xyxy.numpy(), atol=0.1)


def test_a_batch_on_a_gpu_is_filled_up(yolo: Any, noise: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    predict = yolo._model.predict
    monkeypatch.setattr(yolo, "_batch", 4)
    monkeypatch.setattr(
        yolo._model, "predict", lambda pictures, **k: sizes.append(len(pictures)) or predict(pictures, **k)
    )
    assert len(yolo.detect(noise + noise)) == 6
    assert sizes == [4, 4]


@pytest.mark.parametrize("suffix", [".pt", ".onnx", ".xml", ".pth"])
def test_a_broken_file_says_so(
    tmp_path: Path, suffix: str, everything: Thresholds, torch_options: TorchOptions
) -> None:
    path = tmp_path / f"{MOBILENET}{suffix}"
    path.write_bytes(b"not a model")
    load: dict[str, Callable[[], Detector]] = {
        ".pt": lambda: UltralyticsDetector(source(path), everything, torch_options),
        ".onnx": lambda: YoloOpenVino(path, everything, OpenVinoOptions(1, 1)),
        ".xml": lambda: YoloOpenVino(path, everything, OpenVinoOptions(1, 1)),
        ".pth": lambda: FasterRcnn(source(path), everything, torch_options),
    }
    with pytest.raises(UnusableModel, match=path.name):
        load[suffix]()


def test_another_networks_weights_are_refused(
    mobilenet_weights: Path, everything: Thresholds, torch_options: TorchOptions
) -> None:
    wrong = ModelSource(Family.FASTER_RCNN, "fasterrcnn_resnet50_fpn_v2-x.pth", mobilenet_weights)
    with pytest.raises(UnusableModel, match="does not fit fasterrcnn_resnet50_fpn_v2"):
        FasterRcnn(wrong, everything, torch_options)


def test_a_folder_without_a_model_is_refused(tmp_path: Path, everything: Thresholds) -> None:
    with pytest.raises(UnusableModel, match=r"must hold one \.xml"):
        YoloOpenVino(tmp_path, everything, OpenVinoOptions(1, 1))


def test_a_model_without_metadata_is_refused(tmp_path: Path, yolo_folder: Path, everything: Thresholds) -> None:
    for name in ("yolo11n.xml", "yolo11n.bin"):
        (tmp_path / name).symlink_to(yolo_folder / name)
    with pytest.raises(UnusableModel, match=r"metadata\.yaml is missing"):
        YoloOpenVino(tmp_path, everything, OpenVinoOptions(1, 1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("task: detect", "task: segment"), "task is 'segment'"),
        (("names:", "nomes:"), "missing or broken"),
        (("  79: toothbrush\n", ""), "not that of a YOLO detector of 79 classes"),
    ],
)
def test_a_model_of_another_kind_is_refused(
    tmp_path: Path, yolo_folder: Path, everything: Thresholds, change: tuple[str, str], message: str
) -> None:
    for name in ("yolo11n.xml", "yolo11n.bin"):
        (tmp_path / name).symlink_to(yolo_folder / name)
    text = (yolo_folder / "metadata.yaml").read_text(encoding="utf-8")
    (tmp_path / "metadata.yaml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(UnusableModel, match=message):
        YoloOpenVino(tmp_path, everything, OpenVinoOptions(1, 1))


def test_a_failed_download_says_what_to_do(
    everything: Thresholds, torch_options: TorchOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("Download failure")

    monkeypatch.setattr("ultralytics.utils.downloads.safe_download", refuse)
    with pytest.raises(ModelUnavailable, match=r"yolo11n\.pt could not be downloaded.*give its path"):
        UltralyticsDetector(ModelSource(Family.ULTRALYTICS, "yolo11n.pt"), everything, torch_options)
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", refuse)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    with pytest.raises(ModelUnavailable, match=f"{MOBILENET} could not be downloaded"):
        FasterRcnn(ModelSource(Family.FASTER_RCNN, MOBILENET), everything, torch_options)
