"""Weights trained on real photographs must find the generated people."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from spoton_scenes.film import SUPERSAMPLE, plan_film
from spoton_scenes.presets import adjusted, find_preset
from spoton_scenes.random_scenes import iterate_frames, random_scene
from spoton_scenes.render import SceneRenderer

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT.parent / "shared" / "models" / "yolo11n_int8_openvino_model" / "yolo11n.xml"
SIDE = 640

pytestmark = pytest.mark.skipif(not MODEL.exists(), reason=f"no YOLO11n weights at {MODEL}")


@pytest.fixture(scope="module")
def find_people():
    openvino = pytest.importorskip("openvino")
    network = openvino.Core().compile_model(str(MODEL), "CPU", {"INFERENCE_NUM_THREADS": 1})

    def find(image):
        height, width = image.shape[:2]
        scale = SIDE / max(height, width)
        canvas = np.full((SIDE, SIDE, 3), 114, np.uint8)
        resized = cv2.resize(image, (round(width * scale), round(height * scale)))
        canvas[: resized.shape[0], : resized.shape[1]] = resized
        tensor = canvas[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 255
        rows = next(iter(network(tensor).values()))[0].T
        rows = rows[rows[:, 4] > 0.25]
        xywh = np.column_stack([rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4]]) / scale
        kept = np.asarray(cv2.dnn.NMSBoxes(xywh.tolist(), rows[:, 4].tolist(), 0.25, 0.7), dtype=int).ravel()
        return np.column_stack([xywh[kept, :2], xywh[kept, :2] + xywh[kept, 2:]])

    return find


def iou(box, others):
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    return shared / (np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - shared)


def count_found(frames, find_people):
    """(found at IoU 0.5, all) of the people at least half seen and 40 pixels tall; a box finds one person."""
    found = total = 0
    for image, boxes in frames:
        people = find_people(image)
        for person in boxes:
            box = np.asarray(person.bbox_xyxy)
            if person.visibility < 0.5 or box[3] - box[1] < 40:
                continue
            total += 1
            overlaps = iou(box, people) if len(people) else np.zeros(1)
            if overlaps.max() >= 0.5:
                found += 1
                people = np.delete(people, overlaps.argmax(), axis=0)
    return found, total


def test_yolo_finds_the_people_of_the_demo(find_people):
    film = plan_film(adjusted(find_preset("demo")), seed=1)
    with SceneRenderer(film.scene, 960, 540, SUPERSAMPLE) as renderer:
        rendered = [renderer.render(k % 4, film.states[k]) for k in range(0, len(film.states), 21)]
    found, total = count_found([(frame.image, frame.boxes) for frame in rendered], find_people)
    print(f"demo: {found}/{total} = {found / total:.3f}")
    assert total > 60
    assert found / total > 0.8


def test_yolo_finds_the_people_of_random_scenes(find_people):
    found = total = 0
    for seed in range(5):
        frames = iterate_frames(random_scene(seed, people=8), 4, supersample=SUPERSAMPLE)
        some, all_ = count_found(frames, find_people)
        found, total = found + some, total + all_
    print(f"random: {found}/{total} = {found / total:.3f}")
    assert total > 60
    assert found / total > 0.8
