from pathlib import Path

import onnx
from spoton_detector.yolo_metadata import YoloMetadata


def test_a_model_may_ask_for_stricter_suppression_and_others_do_not() -> None:
    exported = {"task": "detect", "names": {0: "person"}, "imgsz": (384, 640)}
    assert YoloMetadata.model_validate(exported).spoton_nms_iou == 1.0
    assert YoloMetadata.model_validate({**exported, "spoton_nms_iou": 0.5}).spoton_nms_iou == 0.5


def test_the_shipped_model_does() -> None:
    file = Path(__file__).parents[3] / "models" / "spoton-demo-detector.onnx"
    properties = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    assert float(properties["spoton_nms_iou"]) == 0.5
