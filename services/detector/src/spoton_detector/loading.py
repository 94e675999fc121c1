"""Makes the detector that the settings ask for."""

from importlib.util import find_spec

from spoton_common.model_files import model_folders

from spoton_detector.detector import Detector, Thresholds
from spoton_detector.errors import ModelUnavailable
from spoton_detector.model_source import Family, ModelSource, find_model
from spoton_detector.settings import DetectorSettings


def load_detector(settings: DetectorSettings) -> Detector:
    """Find and load the model; not warmed up yet.

    Raises:
        DetectorError: it cannot be found, fetched or used.

    """
    source = find_model(settings.model, model_folders())
    thresholds = Thresholds(settings.confidence, settings.iou, settings.max_detections)
    if source.family is Family.YOLO_OPENVINO:
        return _load_openvino(source, thresholds, settings)
    return _load_torch(source, thresholds, settings)


def _load_openvino(source: ModelSource, thresholds: Thresholds, settings: DetectorSettings) -> Detector:
    from spoton_detector.yolo_openvino import OpenVinoOptions, YoloOpenVino

    assert source.path is not None
    requests = settings.requests or settings.threads
    options = OpenVinoOptions(settings.threads, requests, settings.precision, settings.input_hw)
    return YoloOpenVino(source.path, thresholds, options)


def _load_torch(source: ModelSource, thresholds: Thresholds, settings: DetectorSettings) -> Detector:
    if find_spec("torch") is None:
        raise ModelUnavailable(
            f"{source.name} needs PyTorch, which is not installed here: "
            "install spoton-detector[torch], or export the model to ONNX or OpenVINO"
        )
    # torch takes seconds and half a gigabyte to import: only for models that need it.
    from spoton_detector.faster_rcnn import FasterRcnn
    from spoton_detector.ultralytics_models import TorchOptions, UltralyticsDetector

    options = TorchOptions(settings.device, settings.threads, settings.gpu_batch, settings.cache, settings.input_hw)
    if source.family is Family.FASTER_RCNN:
        return FasterRcnn(source, thresholds, options)
    return UltralyticsDetector(source, thresholds, options)
