"""Frames, pictures and detectors for the detector's tests."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import simplejpeg
from spoton_detector.detector import FrameDetections, Image, Thresholds
from spoton_detector.ultralytics_models import TorchOptions, import_ultralytics
from spoton_schemas.records import Frame, Kind, Outcome, Scene, SceneCamera, TaskStart

SHARED = Path(__file__).parents[4] / "shared"


class FakeDetector:
    """Sees one box a picture: the whole picture, a person for even brightness, else a bottle."""

    name = "fake"
    device = "cpu"
    class_names: Mapping[int, str] = {0: "person", 39: "bottle"}

    def warm_up(self) -> None:
        pass

    def detect(self, images: Sequence[Image]) -> list[FrameDetections]:
        return [self._detect_one(image) for image in images]

    def _detect_one(self, image: Image) -> FrameDetections:
        height, width = image.shape[:2]
        brightness = int(image.mean() + 0.5)
        return FrameDetections(
            np.array([[0, 0, width, height]] * 2, np.float32),
            np.array([0.875, brightness / 256], np.float32),
            np.array([0, 39], np.int64),
        )


class Stream:
    """Makes the records of one camera."""

    def __init__(self, camera_id: str = "c0", classes: tuple[str, ...] = ("person",), task_id: str = "t0") -> None:
        self._common: dict[str, Any] = {"task_id": task_id, "environment_id": "yard", "camera_id": camera_id}
        self._scene = Scene("yard", "Yard", 10.0, (SceneCamera(camera_id),), classes)

    def record(self, kind: Kind, tick: int, **fields: Any) -> Frame:
        common = self._common | {"sub_video_batch_index": 0, "event_time_us": tick * 100_000}
        return Frame(**common, kind=kind, global_frame_index=tick, camera_frame_index=tick, **fields)

    def start(self) -> Frame:
        camera_id = self._common["camera_id"]
        return self.record(Kind.START, 0, start=TaskStart(self._scene, (camera_id,), 0))

    def frame(self, tick: int, jpeg: bytes | None, width: int = 0, height: int = 0) -> Frame:
        return self.record(Kind.FRAME, tick, jpeg=jpeg, image_width=width, image_height=height)

    def end_of_segment(self, tick: int) -> Frame:
        return self.record(Kind.END_OF_SEGMENT, tick, error="the file ends early")

    def end(self, tick: int) -> Frame:
        return self.record(Kind.END_OF_TASK, tick, outcome=Outcome.COMPLETED)


def plain_jpeg(grey: int, width: int = 64, height: int = 128) -> bytes:
    """Make a picture of one grey, which a JPEG keeps exactly."""
    picture = np.full((height, width, 3), grey, np.uint8)
    return bytes(simplejpeg.encode_jpeg(picture, quality=95, colorspace="BGR"))


@pytest.fixture
def fake_detector() -> FakeDetector:
    return FakeDetector()


@pytest.fixture
def stream() -> type[Stream]:
    return Stream


@pytest.fixture
def jpeg() -> Callable[..., bytes]:
    return plain_jpeg


@pytest.fixture(scope="session")
def noise() -> list[Image]:
    """Pictures of several shapes."""
    random = np.random.default_rng(7)
    shapes = [(90, 120), (64, 200), (90, 120)]
    return [random.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes]


@pytest.fixture(scope="session")
def people_video() -> list[Image]:
    """Every 25th picture of real footage in which people walk by."""
    path = SHARED / "data" / "one-by-one-person.mp4"
    if not path.exists():
        pytest.skip(f"no {path}")
    capture = cv2.VideoCapture(str(path))
    pictures = []
    while capture.grab():
        if len(pictures) * 25 == capture.get(cv2.CAP_PROP_POS_FRAMES) - 1:
            pictures.append(capture.retrieve()[1])
    return pictures


@pytest.fixture(scope="session")
def yolo_folder() -> Path:
    """Real weights: YOLO11n, INT8, OpenVINO IR."""
    path = SHARED / "models" / "yolo11n_int8_openvino_model"
    if not path.exists():
        pytest.skip(f"no {path}")
    return path


@pytest.fixture(scope="session")
def torch_options(tmp_path_factory: pytest.TempPathFactory) -> TorchOptions:
    return TorchOptions("cpu", threads=1, batch=4, cache=tmp_path_factory.mktemp("cache"), input_hw=(96, 96))


@pytest.fixture(scope="session")
def ultralytics(torch_options: TorchOptions) -> Any:
    """Return the library, imported as the service does."""
    return import_ultralytics(torch_options)


@pytest.fixture(scope="session")
def random_yolo(ultralytics: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """YOLO11n with random weights as ``.pt``."""
    import torch

    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("yolo") / "random-yolo.pt"
    model = ultralytics.YOLO("yolo11n.yaml")
    model.model.names = {0: "person", 1: "bottle"} | {number: f"class {number}" for number in range(2, 80)}
    model.save(path)
    return path


@pytest.fixture(scope="session")
def random_yolo_onnx(random_yolo: Path, ultralytics: Any) -> Path:
    """Return the same network as ONNX of input 96 x 160."""
    return Path(ultralytics.YOLO(random_yolo).export(format="onnx", imgsz=(96, 160), simplify=False, verbose=False))


@pytest.fixture(scope="session")
def everything() -> Thresholds:
    """Low enough for random weights, whose scores are tiny."""
    return Thresholds(confidence=1e-6, iou=0.7, max_detections=50)
