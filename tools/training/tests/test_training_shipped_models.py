"""The models in models/ are the ones that their cards describe: floors lie below the measured figures."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from spoton_training.detector.evaluation import evaluate_detector
from spoton_training.detector.inference import PersonFinder
from spoton_training.embedder.evaluation import evaluate_embedder
from spoton_training.pictures import take_pictures
from spoton_training.seeds import held_out_scenes

MODELS = Path(__file__).parents[3] / "models"
DETECTOR, EMBEDDER = MODELS / "spoton-demo-detector.onnx", MODELS / "spoton-demo-embedder.onnx"


def test_models_stay_small() -> None:
    assert sum(file.stat().st_size for file in MODELS.iterdir()) <= 6_000_000


def test_detector_finds_people_in_held_out_scenes() -> None:
    figures = evaluate_detector(DETECTOR, scenes=4)
    assert figures.people >= 20
    assert figures.ap50 >= 0.75
    assert figures.recall >= 0.75
    assert figures.precision >= 0.5


def test_detector_boxes_lie_in_the_image_whatever_its_size() -> None:
    image = next(take_pictures(held_out_scenes(1)[0], 1)).decode()[:, :700]
    boxes, confidences = PersonFinder(DETECTOR).find(np.ascontiguousarray(image), 0.25)
    assert len(boxes) == len(confidences)
    assert np.all((boxes >= 0) & (boxes <= [700, 540, 700, 540]))


def test_detector_tells_ultralytics_what_it_is() -> None:
    session = onnxruntime.InferenceSession(DETECTOR)
    told = session.get_modelmeta().custom_metadata_map
    assert (told["task"], told["stride"], told["imgsz"], told["names"]) == (
        "detect",
        "32",
        "[384, 640]",
        "{0: 'person'}",
    )
    (output,) = session.run(None, {session.get_inputs()[0].name: np.zeros((1, 3, 384, 640), np.float32)})
    assert output.shape == (1, 5, 5040)


def test_embedder_tells_people_apart() -> None:
    figures = evaluate_embedder(EMBEDDER, groups=1)
    assert figures.people >= 6
    assert figures.auc >= 0.88
    assert figures.auc_whole >= 0.95


def test_embedder_says_how_crops_are_prepared() -> None:
    describe = pytest.importorskip("spoton_reid.embedding.description").describe_model
    told = onnxruntime.InferenceSession(EMBEDDER).get_modelmeta().custom_metadata_map
    description = describe(EMBEDDER, told["spoton_embedder"])
    assert (description.name, description.colour_order) == ("spoton-demo-embedder", "bgr")
