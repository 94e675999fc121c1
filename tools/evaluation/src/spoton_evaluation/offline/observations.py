"""Track one camera and embed the crops that the budget allows."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from spoton_reid.association import Observation, SceneCamera, foot_on_floor
from spoton_reid.embedding import CropGate, CropSelector, Embedder, box_visibilities
from spoton_reid.tracking import Track, Tracker

from spoton_evaluation.offline.detections import frames_of

Image = NDArray[np.uint8]


def observe(
    video: Path,
    detections: NDArray[np.float32],
    camera: SceneCamera,
    tracker: Tracker,
    embedder: Embedder,
    fps: float,
) -> list[list[Observation]]:
    """Return the tracked and partly embedded people of every frame."""
    selector, gate = CropSelector(fps), CropGate()
    observed = []
    for frame, image in enumerate(frames_of(video)):
        rows = detections[detections[:, 0] == frame]
        count = len(rows)
        tracks = tracker.update(frame, rows[:, 1:5], rows[:, 5], np.zeros(count, np.int64), [None] * count)
        boxes = np.array([track.bbox_xyxy for track in tracks], np.float32).reshape(-1, 4)
        confidences = np.array([track.confidence for track in tracks], np.float32)
        visibilities = box_visibilities(boxes)
        accepted = gate.accepts(boxes, confidences, visibilities, camera.image_size_px)
        identities = np.array([track.track_id for track in tracks], np.int64)
        chosen = selector.select(frame, identities, visibilities, accepted)
        embeddings = _embed(image, tracks, chosen, embedder)
        observed.append(
            [
                Observation(
                    camera.camera_id,
                    track.track_id,
                    track.bbox_xyxy,
                    track.confidence,
                    float(visibilities[index]),
                    embeddings.get(index),
                    foot_on_floor(camera, track.bbox_xyxy),
                )
                for index, track in enumerate(tracks)
            ]
        )
    return observed


def _embed(
    image: Image, tracks: list[Track], chosen: NDArray[np.bool_], embedder: Embedder
) -> dict[int, NDArray[np.float32]]:
    indices = np.flatnonzero(chosen).tolist()
    crops = []
    for index in indices:
        x1, y1, x2, y2 = (max(0, round(edge)) for edge in tracks[index].bbox_xyxy)
        crops.append(np.ascontiguousarray(image[y1:y2, x1:x2]))
    return dict(zip(indices, embedder.embed(crops), strict=True))
