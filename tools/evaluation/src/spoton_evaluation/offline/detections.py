"""The `detections` records of an environment: made by the detector's own stage, once, and kept."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from spoton_common.model_files import model_folders
from spoton_common.runtime.stage import Output
from spoton_detector.app import make_stage
from spoton_detector.loading import load_detector
from spoton_detector.model_source import find_model
from spoton_detector.settings import DetectorSettings
from spoton_detector.stage import DetectorStage
from spoton_ingest.job import JpegOptions
from spoton_schemas.records import Detections, Frame, Kind, Scene
from spoton_schemas.topics import DETECTIONS

from spoton_evaluation.errors import SceneError
from spoton_evaluation.offline.cache import Cache, whole_file
from spoton_evaluation.offline.frames import publish_frames, video_path
from spoton_evaluation.offline.records import read_records, record_writer

Progress = Callable[[int], None]
"""Hears how many pictures were done since the last call."""

_NOT_IN_KEY = {"model", "device", "cache", "threads", "requests", "gpu_batch", "max_batch"}  # results do not follow
_BATCH = 16


class DetectionStore:
    """Detections by camera, from the cache or from the detector, which is loaded when it is needed."""

    def __init__(self, cache: Cache, model: str, threads: int = 2) -> None:
        self._cache = cache
        self._settings = DetectorSettings(model=model, device="cpu", threads=threads)
        self._stage: DetectorStage | None = None

    def read(self, scene: Scene, camera_id: str, progress: Progress = lambda _n: None) -> Iterator[Detections]:
        """Yield a camera's stream, marks included.

        Raises:
            SceneError: a video is missing.
            DetectorError: the model cannot be used.

        """
        path = self.path(scene, camera_id)
        if not path.is_file():
            with whole_file(path) as unfinished:
                self._detect(scene, camera_id, unfinished, progress)
        for record in read_records(path, DETECTIONS):
            yield record if record.start is None else replace(record, start=replace(record.start, scene=scene))

    def path(self, scene: Scene, camera_id: str) -> Path:
        """Return where a camera's detections are kept, by all that they follow from."""
        source = find_model(self._settings.model, model_folders())
        model = self._cache.content(source.path) if source.path else source.name
        settings = self._settings.model_dump_json(exclude=_NOT_IN_KEY)
        return self._cache.path(
            "detections", model, settings, *stream_identity(self._cache, scene, camera_id), suffix=".avro"
        )

    def _detect(self, scene: Scene, camera_id: str, path: Path, progress: Progress) -> None:
        if self._stage is None:
            detector = load_detector(self._settings)
            detector.warm_up()
            self._stage = make_stage(detector, self._settings)
        stage, waiting = self._stage, list[Frame]()
        with record_writer(path, DETECTIONS) as write:

            def flush() -> None:
                for output in stage.feed(waiting):
                    assert isinstance(output, Output), output
                    write(output.record)
                progress(sum(frame.kind is Kind.FRAME for frame in waiting))
                waiting.clear()

            def take(frame: Frame) -> None:
                waiting.append(frame)
                if len(waiting) == _BATCH:
                    flush()

            publish_frames(scene, camera_id, take)
            flush()


def stream_identity(cache: Cache, scene: Scene, camera_id: str) -> list[str]:
    """Name everything that a camera's `frames` follow from.

    Raises:
        SceneError: a video is missing.

    """
    videos = []
    for path in map(video_path, scene.camera(camera_id).sources):
        if not path.is_file():
            raise SceneError(f"camera {camera_id}: there is no video {path}")
        videos.append(cache.content(path))
    # The rest of the scene goes on in the START record only, which is given the present scene when it is read.
    clock = [scene.environment_id, scene.processing_fps, scene.classes]
    offsets = [(camera.camera_id, camera.clock_offset_s) for camera in scene.cameras]
    return [camera_id, repr(clock), repr(offsets), repr(JpegOptions()), *videos]
