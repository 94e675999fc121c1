"""The little of an environment folder that an offline run needs."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from spoton_reid.association import Scene, SceneCamera

from spoton_evaluation.errors import EvaluationError


@dataclass(frozen=True, slots=True)
class OfflineEnvironment:
    """A scene and one video per camera; every frame is a tick, cameras start together."""

    name: str
    scene: Scene
    videos: dict[str, Path]


def read_environment(folder: Path) -> OfflineEnvironment:
    """Read `environment.yaml`: the first source and the matrix of every camera, at the video's own rate.

    Raises:
        EvaluationError: the file or a video is missing or unreadable.

    """
    try:
        document = yaml.safe_load((folder / "environment.yaml").read_text(encoding="utf-8"))
        sources = {str(camera["id"]): folder / camera["sources"][0] for camera in document["cameras"]}
        matrices = {str(camera["id"]): camera.get("homography") for camera in document["cameras"]}
    except (OSError, yaml.YAMLError, KeyError, TypeError, IndexError) as error:
        raise EvaluationError(f"{folder}/environment.yaml: {error!r}") from error
    rates, cameras = [], []
    for camera_id in sorted(sources):
        rate, size = _probe(sources[camera_id])
        matrix = matrices[camera_id]
        homography = None if matrix is None else np.array(matrix, np.float64)
        rates.append(rate)
        cameras.append(SceneCamera(camera_id, homography, size))
    area = document.get("monitored_area")
    polygon = tuple((float(x), float(y)) for x, y in area) if area else None
    return OfflineEnvironment(str(document["id"]), Scene(rates[0], tuple(cameras), polygon), sources)


def _probe(video: Path) -> tuple[float, tuple[int, int]]:
    capture = cv2.VideoCapture(str(video))
    try:
        if not capture.isOpened():
            raise EvaluationError(f"{video} cannot be opened as a video")
        size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        return float(capture.get(cv2.CAP_PROP_FPS)), size
    finally:
        capture.release()
