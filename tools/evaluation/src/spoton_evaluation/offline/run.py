"""Runs of environments through the line, in this process, on kept detections and embeddings."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from spoton_reid.embedding import Embedder
from spoton_reid.tracking import Tracker
from spoton_schemas.records import Detections, Scene

from spoton_evaluation.exports import read_scene
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.detections import DetectionStore, Progress
from spoton_evaluation.offline.embeddings import KeptEmbedder
from spoton_evaluation.offline.export import Published, collect
from spoton_evaluation.offline.line import associate, locate, track
from spoton_evaluation.offline.oracle import CameraTruth, TrueTracker, with_true_links
from spoton_evaluation.offline.true_boxes import TrueBoxStore
from spoton_evaluation.offline.variants import OURS, Variant, change_tracks, options_of

Streams = dict[str, list[Detections]]
"""A camera's `detections` records by camera."""


@dataclass(frozen=True, slots=True)
class Models:
    """Detector and embedder by name or path."""

    detector: str = "spoton-demo"
    embedder: str = "spoton-demo"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of processor time, embedding included in tracking."""

    track_s: float
    associate_s: float


@dataclass(frozen=True, slots=True)
class Known:
    """The truth of a scene, for variants that use it; `name` stands for its content."""

    cameras: dict[str, CameraTruth] = field(default_factory=dict)
    name: str = ""


class OfflineLine:
    """One pair of models, loaded, and what they saw before."""

    def __init__(self, models: Models, cache: Cache, threads: int = 2) -> None:
        self._detections = DetectionStore(cache, models.detector, threads)
        self._true_boxes = TrueBoxStore(cache)
        self.embedder = KeptEmbedder.open(cache, models.embedder, threads)

    def boxes(
        self, scene: Scene, variant: Variant = OURS, known: Known | None = None, progress: Progress = lambda _n: None
    ) -> Streams:
        """Return the boxes that a variant starts from: kept, detected now, or true."""
        streams = {}
        for camera in scene.cameras:
            found: Iterable[Detections]
            if "boxes" in variant.true:
                assert known is not None
                truth = known.cameras[camera.camera_id]
                found = self._true_boxes.read(scene, camera.camera_id, truth, known.name, progress)
            else:
                found = self._detections.read(scene, camera.camera_id, progress)
            streams[camera.camera_id] = list(found)
        return streams


def follow(
    scene: Scene, streams: Streams, embedder: Embedder, variant: Variant = OURS, known: Known | None = None
) -> tuple[Published, Timing]:
    """Track, associate and map."""
    options, change = options_of(variant), change_tracks(variant)

    def make_tracker(camera_id: str, fps: float) -> Tracker:
        if "tracks" in variant.true and known is not None:
            return TrueTracker(known.cameras[camera_id], fps)
        return options.make_tracker(camera_id, fps)

    began = time.process_time()
    tracks = {
        camera_id: change(track(records, embedder, make_tracker, camera_id)) for camera_id, records in streams.items()
    }
    tracked = time.process_time()
    identities = list(associate(tracks, options.parameters))
    timing = Timing(tracked - began, time.process_time() - tracked)
    published = collect(locate(scene, identities))
    if "links" in variant.true and known is not None:
        published = with_true_links(published, known.cameras)
    return published, timing


def run_environment(line: OfflineLine, folder: Path, variant: Variant = OURS) -> tuple[Published, Timing]:
    """Run an environment folder without ground truth."""
    scene = read_scene(folder)
    return follow(scene, line.boxes(scene), line.embedder, variant)
