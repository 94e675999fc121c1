"""Detections of a video, computed once and kept in a cache."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_PERSON_CLASS = 0  # COCO
_LEAST_CONFIDENCE = 0.1  # the tracker continues on weak boxes


def frames_of(video: Path) -> Iterator[NDArray[np.uint8]]:
    """Decode a video: uint8 (H, W, 3) BGR, frame by frame."""
    capture = cv2.VideoCapture(str(video))
    try:
        while True:
            decoded, image = capture.read()
            if not decoded:
                return
            yield np.asarray(image, dtype=np.uint8)
    finally:
        capture.release()


def detect_people(video: Path, model: Path, cache: Path) -> NDArray[np.float32]:
    """Detect people in every frame with an Ultralytics model.

    Returns:
        (N, 6): frame from 0, x1, y1, x2, y2 in pixels, confidence.

    """
    name = sha256(f"{video.resolve()} {video.stat().st_size} {model.resolve()}".encode()).hexdigest()[:16]
    file = cache / f"detections-{name}.npy"
    if not file.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(file, _detect(video, model))
    rows: NDArray[np.float32] = np.load(file)
    return rows


def _detect(video: Path, model: Path) -> NDArray[np.float32]:
    from ultralytics import YOLO  # seconds to import, and only without a cache

    network = YOLO(str(model), task="detect")
    rows: list[list[float]] = []
    for frame, image in enumerate(frames_of(video)):
        (result,) = network.predict(image, conf=_LEAST_CONFIDENCE, classes=[_PERSON_CLASS], verbose=False, device="cpu")
        boxes, scores = result.boxes.xyxy.cpu().tolist(), result.boxes.conf.cpu().tolist()
        rows += [[frame, *box, score] for box, score in zip(boxes, scores, strict=True)]
    return np.array(rows, dtype=np.float32).reshape(-1, 6)
