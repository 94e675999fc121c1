"""YOLO exports (OpenVINO IR and ONNX) run by OpenVINO on the CPU, one picture a request, several requests in flight.

A batch gains nothing on a CPU, and one picture a request makes a result independent of its neighbours. Requests are
synchronous and each has a thread of ours, which also prepares the input and decodes the output; OpenVINO's own
AsyncInferQueue is avoided because it can hang (ultralytics/ultralytics#25923).
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from spoton_common.logging import get_logger

from spoton_detector.detector import FrameDetections, Image, Thresholds
from spoton_detector.errors import UnusableModel
from spoton_detector.letterbox import Letterbox
from spoton_detector.yolo_metadata import YoloMetadata, read_metadata
from spoton_detector.yolo_output import decode_grid, decode_rows
from spoton_detector.yolo_rectangle import smallest_rectangle, trim_input

_log = get_logger()


@dataclass(frozen=True, slots=True)
class OpenVinoOptions:
    """How the network is run.

    Attributes:
        threads: of OpenVINO's arithmetic, all requests together.
        requests: in flight at once.
        precision: of the arithmetic where the model does not say int8; pinned, because the default depends on the CPU.
        input_hw: input (height, width) of a model that leaves it open; None: the export's own.
        rectangles: leave out the part of the input that a picture's shape would fill with grey.

    """

    threads: int
    requests: int
    precision: str = "f32"
    input_hw: tuple[int, int] | None = None
    rectangles: bool = True


class YoloOpenVino:
    """A YOLO export."""

    device = "cpu"

    def __init__(self, path: Path, thresholds: Thresholds, options: OpenVinoOptions) -> None:
        """Load a model.

        Args:
            path: a folder with ``*.xml``, ``*.bin`` and ``metadata.yaml``, or one of ``.xml`` and ``.onnx`` files.
            thresholds: what to keep.
            options: how to run it.

        Raises:
            UnusableModel: broken, or not a detector exported by Ultralytics.

        """
        file = _model_file(path)
        core = ov.Core()
        try:
            model = core.read_model(file)
        except RuntimeError as error:
            raise UnusableModel(f"{file} cannot be read: {error}") from error
        metadata = read_metadata(file, model)
        self.name = path.name
        self.class_names: Mapping[int, str] = metadata.names
        self._exported_hw = _fix_input(file, model, options.input_hw or metadata.imgsz)
        self._full_hw = _within(self._exported_hw, options.input_hw)
        self._decode = _choose_decoder(file, model, metadata)
        self._thresholds = replace(thresholds, iou=min(thresholds.iou, metadata.spoton_nms_iou))
        self._file, self._core, self._options = file, core, options
        self._lock = threading.Lock()
        self._networks = {self._full_hw: self._compile(self._trim(model, self._full_hw), self._full_hw)}
        self._pool = ThreadPoolExecutor(options.requests, "openvino")
        self._requests = threading.local()

    def warm_up(self) -> None:
        """Run every request once."""
        empty = np.zeros((*self._full_hw, 3), np.uint8)
        # One thread first: OpenVINO's bindings set themselves up in the first call, and two first calls at once may
        # wait for each other for ever, one with the interpreter's lock, the other with that of a C++ static.
        self.detect([empty])
        self.detect([empty] * (2 * self._pool._max_workers))

    def detect(self, images: Sequence[Image]) -> list[FrameDetections]:
        """Find people and objects, one result a picture, in order."""
        return list(self._pool.map(self._detect_one, images))

    def _detect_one(self, image: Image) -> FrameDetections:
        size = (image.shape[0], image.shape[1])
        network = self.network_for(size)
        letterbox = Letterbox.fit(size, network.input_hw)
        found = self._decode(self._infer(network, letterbox.apply(image)), self._thresholds)
        return FrameDetections(letterbox.to_source(found.boxes_xyxy), found.scores, found.class_ids).inside(image)

    def network_for(self, picture_hw: tuple[int, int]) -> "Network":
        """Return the network for pictures of that size, made when first needed; the full one if none can be trimmed."""
        input_hw = smallest_rectangle(picture_hw, self._full_hw) if self._options.rectangles else self._full_hw
        with self._lock:
            if input_hw not in self._networks:
                self._networks[input_hw] = self._trimmed(input_hw)
            return self._networks[input_hw]

    def _trimmed(self, input_hw: tuple[int, int]) -> "Network":
        model = self._core.read_model(self._file)
        _fix_input(self._file, model, self._exported_hw)
        try:
            return self._compile(self._trim(model, input_hw), input_hw)
        except UnusableModel as error:
            _log.warning("the network keeps its full input", model=self.name, input_hw=input_hw, error=str(error))
            return self._networks[self._full_hw]

    def _trim(self, model: Any, input_hw: tuple[int, int]) -> Any:
        if input_hw != self._exported_hw:
            try:
                trim_input(model, self._exported_hw, input_hw)
            except RuntimeError as error:
                raise UnusableModel(f"{self._file} cannot get an input of {input_hw}: {error}") from error
        return model

    def _compile(self, model: Any, input_hw: tuple[int, int]) -> "Network":
        compiled = self._core.compile_model(_with_uint8_input(model), "CPU", _properties(self._options))
        return Network(input_hw, compiled)

    def _infer(self, network: "Network", picture: Image) -> NDArray[np.float32]:
        """Run this thread's request of a network; its output is valid until the thread's next call."""
        mine = self._requests.by_input = getattr(self._requests, "by_input", {})
        if network.input_hw not in mine:
            mine[network.input_hw] = network.compiled.create_infer_request()
        request = mine[network.input_hw]
        request.infer({0: picture[np.newaxis]}, share_inputs=True)
        output: NDArray[np.float32] = request.get_output_tensor(0).data[0]
        return output


@dataclass(frozen=True, slots=True)
class Network:
    """The model for one input (height, width), compiled."""

    input_hw: tuple[int, int]
    compiled: Any


def _model_file(path: Path) -> Path:
    if path.is_file():
        return path
    found = sorted(path.glob("*.xml"))
    if len(found) != 1:
        raise UnusableModel(f"{path} must hold one .xml file, it holds {len(found)}")
    return found[0]


def _fix_input(file: Path, model: Any, open_input_hw: tuple[int, int]) -> tuple[int, int]:
    """Give the input one fixed shape and return its (height, width)."""
    shape = model.input().get_partial_shape()
    if len(shape) != 4 or (shape[0].is_static and shape[0].get_length() != 1):
        raise UnusableModel(f"{file}: its input is {shape}; export it with batch=1 or dynamic=True")
    height, width = (
        side.get_length() if side.is_static else given for side, given in zip(shape[2:], open_input_hw, strict=True)
    )
    model.reshape([1, 3, height, width])
    return height, width


def _within(exported_hw: tuple[int, int], wanted_hw: tuple[int, int] | None) -> tuple[int, int]:
    """Return the part of a fixed input that is wanted."""
    height, width = (
        min(exported, wanted) for exported, wanted in zip(exported_hw, wanted_hw or exported_hw, strict=True)
    )
    return height, width


def _choose_decoder(file: Path, model: Any, metadata: YoloMetadata) -> Any:
    shape = [d.get_length() if d.is_static else -1 for d in model.output(0).get_partial_shape()]
    if len(shape) == 3 and shape[2] == 6 and (metadata.end2end or shape[1] != 4 + len(metadata.names)):
        return decode_rows
    if len(shape) == 3 and shape[1] == 4 + len(metadata.names):
        return decode_grid
    raise UnusableModel(f"{file}: output {shape} is not that of a YOLO detector of {len(metadata.names)} classes")


def _with_uint8_input(model: Any) -> Any:
    """Let the network take BGR uint8 height x width and do the rest itself, in its own threads."""
    preparation = ov.preprocess.PrePostProcessor(model)
    tensor = preparation.input().tensor()
    tensor.set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    tensor.set_color_format(ov.preprocess.ColorFormat.BGR)
    preparation.input().model().set_layout(ov.Layout("NCHW"))
    steps = preparation.input().preprocess()
    steps.convert_element_type(ov.Type.f32).convert_color(ov.preprocess.ColorFormat.RGB).scale(255.0)
    return preparation.build()


def _properties(options: OpenVinoOptions) -> dict[str, Any]:
    return {
        "INFERENCE_NUM_THREADS": options.threads,
        "NUM_STREAMS": options.requests,
        "INFERENCE_PRECISION_HINT": options.precision,
        "ENABLE_CPU_PINNING": False,  # Re-ID's threads would be pinned to the same cores
    }
