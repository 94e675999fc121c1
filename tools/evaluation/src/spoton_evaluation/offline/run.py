"""One evaluation run: an environment through the line, in this process, on kept detections and embeddings."""

import time
from dataclasses import dataclass
from pathlib import Path

from spoton_schemas.records import Detections, Scene

from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.detections import DetectionStore, Progress
from spoton_evaluation.offline.embeddings import KeptEmbedder
from spoton_evaluation.offline.export import Published, collect
from spoton_evaluation.offline.frames import read_scene
from spoton_evaluation.offline.line import LineOptions, associate, locate, track


@dataclass(frozen=True, slots=True)
class Models:
    """Detector and embedder by name or path."""

    detector: str = "spoton-demo"
    embedder: str = "spoton-demo"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of this process's time, on kept detections."""

    track_s: float
    associate_s: float


class OfflineLine:
    """Runs environments with one pair of models."""

    def __init__(self, models: Models, cache: Cache, threads: int = 2) -> None:
        self.detections = DetectionStore(cache, models.detector, threads)
        self.embedder = KeptEmbedder.open(cache, models.embedder, threads)

    def run(
        self, environment: Path, options: LineOptions, progress: Progress = lambda _n: None
    ) -> tuple[Published, Timing]:
        """Detect (or recall), track, associate, map."""
        scene = read_scene(environment)
        streams = {c.camera_id: list(self.detections.read(scene, c.camera_id, progress)) for c in scene.cameras}
        return self.follow(scene, streams, options)

    def follow(
        self, scene: Scene, detections: dict[str, list[Detections]], options: LineOptions
    ) -> tuple[Published, Timing]:
        """Track, associate and map detections."""
        began = time.process_time()
        tracks = {
            camera_id: list(track(records, self.embedder, options.make_tracker, camera_id))
            for camera_id, records in detections.items()
        }
        tracked = time.process_time()
        identities = list(associate(tracks, options.parameters))
        associated = time.process_time()
        return collect(locate(scene, identities)), Timing(tracked - began, associated - tracked)
