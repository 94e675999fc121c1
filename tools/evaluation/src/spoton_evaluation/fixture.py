"""A scene's detections and embeddings in one small file, so that identities can be measured without video or models.

Made by `python -m spoton_evaluation.fixture NAME FRAMES FILE` from a generated data set. Boxes are kept as they are;
embeddings of all boxes are reduced to their first principal directions and eight bits.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from spoton_reid.app import find_embedder
from spoton_reid.embedding import Embedder, load_embedder
from spoton_reid.embedding.base import Crop, Embeddings
from spoton_reid.embedding.description import ModelDescription
from spoton_schemas.records import Detection, Detections, Kind, Outcome, Scene, TaskStart

from spoton_evaluation.datasets import SUITE, generate
from spoton_evaluation.exports import read_scene
from spoton_evaluation.ground_truth import GroundTruth, load_ground_truth
from spoton_evaluation.motchallenge import BoxTable
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.frames import TASK_ID
from spoton_evaluation.offline.run import OfflineLine

_DIRECTIONS = 48
_DIGITS = 5
_STEPS = 127.0
_NO_CROP = np.zeros((1, 1, 3), np.uint8)  # too small for a crop: never chosen, so its vector is never asked for


class FixtureEmbedder(Embedder):
    """Looks embeddings up: a fixture's crop shows nothing but the number of its box."""

    def __init__(self, vectors: NDArray[np.int8], description: ModelDescription) -> None:
        super().__init__(description, vectors.shape[1])
        floats = vectors.astype(np.float32)
        self._vectors = floats / np.linalg.norm(floats, axis=1, keepdims=True)

    def embed(self, crops: Sequence[Crop]) -> Embeddings:
        """Return the kept embeddings."""
        found: Embeddings = self._vectors[[_read_number(crop) for crop in crops]]
        return found

    def _infer(self, inputs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        raise NotImplementedError("embed does not come here")


@dataclass(frozen=True, slots=True)
class Fixture:
    """A scene as the detector and the embedder see it, and the truth."""

    scene: Scene
    streams: dict[str, list[Detections]]
    embedder: FixtureEmbedder
    truth: GroundTruth


def load_fixture(file: Path) -> Fixture:
    """Read a fixture."""
    with np.load(file) as kept:
        arrays = {name: kept[name] for name in kept.files}
    scene = msgspec.json.decode(arrays["scene"].tobytes(), type=Scene)
    description = ModelDescription.model_validate_json(arrays["model"].tobytes())
    names = [camera.camera_id for camera in scene.cameras]
    streams = {name: list(_stream(scene, index, arrays)) for index, name in enumerate(names)}
    cameras = {name: _table(arrays["truth"][arrays["truth"][:, 0] == index, 1:]) for index, name in enumerate(names)}
    floor = {(int(f), int(i)): (float(x), float(y)) for f, i, x, y in arrays["floor"].tolist()}
    embedder = FixtureEmbedder(arrays["vectors"], description)
    return Fixture(scene, streams, embedder, GroundTruth(cameras, floor))


def save_fixture(
    file: Path, scene: Scene, streams: dict[str, list[Detections]], embedder: Embedder, truth: GroundTruth
) -> None:
    """Write a fixture: pictures come once a tick and have one size."""
    boxes, crops, truths = list[tuple[float, ...]](), list[Crop](), list[NDArray[np.float32]]()
    for index, camera in enumerate(scene.cameras):
        for record in streams[camera.camera_id]:
            for detection in record.detections:
                boxes.append((index, record.camera_frame_index, *detection.bbox_xyxy, detection.confidence))
                crops.append(_decode(detection.crop))
        table = truth.cameras[camera.camera_id]
        columns = (np.full(len(table), index), table.frames, table.identities, *table.boxes_xywh.T, table.visibilities)
        truths.append(np.stack(columns, axis=1).astype(np.float32))
    first = next(r for records in streams.values() for r in records if r.kind is Kind.FRAME)
    last = max(r.camera_frame_index for records in streams.values() for r in records if r.kind is Kind.FRAME)
    cameras = tuple(replace(camera, sources=()) for camera in scene.cameras)
    kept = replace(scene, cameras=cameras, floor_map=None, zones=(), tripwires=())
    np.savez_compressed(
        file,
        scene=np.frombuffer(msgspec.json.encode(kept), np.uint8),
        model=np.frombuffer(embedder.description.model_dump_json().encode(), np.uint8),
        shape=np.array([first.image_width, first.image_height, last + 1]),
        boxes=np.array(boxes, np.float32),
        vectors=_compress(embedder.embed(crops)),
        truth=np.concatenate(truths),
        floor=np.array([(*key, *place) for key, place in truth.floor.items()], np.float32).reshape(-1, 4),
    )


def _stream(scene: Scene, camera: int, arrays: dict[str, NDArray[np.float32]]) -> Iterator[Detections]:
    width, height, frames = (int(number) for number in arrays["shape"])
    start = TaskStart(scene, tuple(c.camera_id for c in scene.cameras), 0)
    common = {
        "task_id": TASK_ID,
        "environment_id": scene.environment_id,
        "camera_id": scene.cameras[camera].camera_id,
        "sub_video_batch_index": 0,
    }
    rows: dict[int, list[tuple[int, list[float]]]] = {}
    for number in np.flatnonzero(arrays["boxes"][:, 0] == camera).tolist():
        _, frame, *values = arrays["boxes"][number].tolist()
        rows.setdefault(int(frame), []).append((number, values))

    def mark(kind: Kind, frame: int, **content: object) -> Detections:
        time_us = round(frame / scene.processing_fps * 1e6)
        place = {"global_frame_index": frame, "camera_frame_index": frame, "event_time_us": time_us}
        return Detections(kind=kind, **common, **place, **content)  # type: ignore[arg-type]

    yield mark(Kind.START, 0, start=start)
    for frame in range(frames):
        found = tuple(_detection(number, values) for number, values in rows.get(frame, ()))
        yield mark(Kind.FRAME, frame, image_width=width, image_height=height, detections=found)
    yield mark(Kind.END_OF_SEGMENT, frames)
    yield mark(Kind.END_OF_TASK, frames, outcome=Outcome.COMPLETED)


def _detection(number: int, values: list[float]) -> Detection:
    x1, y1, x2, y2, confidence = values
    crop = _picture_of(number)
    return Detection(bbox_xyxy=(x1, y1, x2, y2), confidence=confidence, class_id=0, class_name="person", crop=crop)


def _picture_of(number: int) -> bytes:
    """Write a number as JPEG: a flat square of 8 pixels for each of its hexadecimal digits."""
    digits = np.array([number >> 4 * place & 15 for place in range(_DIGITS)], np.uint8)
    grey = np.kron(digits * 16 + 8, np.ones((8, 8), np.uint8)).astype(np.uint8)
    jpeg: bytes = simplejpeg.encode_jpeg(np.repeat(grey[:, :, None], 3, axis=2), 95, "BGR", "444")
    return jpeg


def _read_number(crop: Crop) -> int:
    digits = crop[4, 4::8, 0] // 16
    return sum(int(digit) << 4 * place for place, digit in enumerate(digits))


def _table(rows: NDArray[np.float32]) -> BoxTable:
    values = rows.astype(np.float64)
    unknown = np.full((len(values), 2), np.nan)
    numbers = values[:, :2].astype(np.int64)
    return BoxTable(numbers[:, 0], numbers[:, 1], values[:, 2:6], values[:, 6], unknown)


def _compress(vectors: Embeddings) -> NDArray[np.int8]:
    """Keep the principal directions (not centred: cosines are what counts), each vector scaled to eight bits."""
    _, _, directions = np.linalg.svd(vectors[:: max(1, len(vectors) // 4000)].astype(np.float64), full_matrices=False)
    reduced = vectors @ directions[:_DIRECTIONS].T
    reduced *= _STEPS / np.abs(reduced).max(axis=1, keepdims=True)
    rounded: NDArray[np.int8] = np.round(reduced).astype(np.int8)
    return rounded


def _decode(crop: bytes | None) -> Crop:
    picture = cv2.imdecode(np.frombuffer(crop or b"", np.uint8), cv2.IMREAD_COLOR) if crop else None
    return _NO_CROP if picture is None else np.asarray(picture, np.uint8)


def main(arguments: list[str]) -> None:
    """Write the first frames of a scene of the suite."""
    name, frames, file = arguments
    cache = Cache(Path(".local/cache/eval"))
    dataset = generate({scene.name: scene for scene in SUITE}[name], cache)
    scene = read_scene(dataset.environment)
    streams = {
        camera: [record for record in records if record.camera_frame_index < int(frames)]
        for camera, records in OfflineLine(dataset.models, cache).boxes(scene).items()
    }
    truth = load_ground_truth(dataset.ground_truth)
    tables = {camera: table.select(table.frames <= int(frames)) for camera, table in truth.cameras.items()}
    floor = {key: place for key, place in truth.floor.items() if key[0] <= int(frames)}
    embedder = load_embedder(find_embedder(dataset.models.embedder), threads=2)
    save_fixture(Path(file), scene, streams, embedder, GroundTruth(tables, floor))


if __name__ == "__main__":
    main(sys.argv[1:])
