"""True boxes with crops, as a detector would send them that misses nobody and places its boxes perfectly."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
from spoton_detector.crops import Cropper
from spoton_detector.pictures import open_jpeg
from spoton_detector.settings import DetectorSettings
from spoton_schemas.records import CameraTick, Detection, Detections, Frame, Kind, Scene
from spoton_schemas.topics import DETECTIONS

from spoton_evaluation.matching import LEAST_VISIBILITY
from spoton_evaluation.offline.cache import Cache, whole_file
from spoton_evaluation.offline.detections import Progress, stream_identity
from spoton_evaluation.offline.frames import publish_frames
from spoton_evaluation.offline.oracle import CameraTruth
from spoton_evaluation.offline.records import read_records, record_writer

_COMMON_FIELDS = tuple(field.name for field in fields(CameraTick))


@dataclass(slots=True)
class TrueBoxStore:
    """True boxes with crops, as the detector would send them; kept like detections."""

    cache: Cache
    cropper: Cropper = field(default_factory=lambda: _cropper(DetectorSettings()))

    def read(
        self, scene: Scene, camera_id: str, truth: CameraTruth, truth_name: str, progress: Progress = lambda _n: None
    ) -> Iterator[Detections]:
        """Yield a camera's stream with the boxes that are scored; `truth_name` stands for the truth's content."""
        identity = stream_identity(self.cache, scene, camera_id)
        path = self.cache.path("true-boxes", truth_name, repr(self.cropper), *identity, suffix=".avro")
        if not path.is_file():
            with whole_file(path) as unfinished:
                self._cut(scene, camera_id, truth, unfinished, progress)
        for record in read_records(path, DETECTIONS):
            yield record if record.start is None else replace(record, start=replace(record.start, scene=scene))

    def _cut(self, scene: Scene, camera_id: str, truth: CameraTruth, path: Path, progress: Progress) -> None:
        with record_writer(path, DETECTIONS) as write:

            def take(frame: Frame) -> None:
                write(self._answer(frame, truth))
                progress(int(frame.kind is Kind.FRAME))

            publish_frames(scene, camera_id, take)

    def _answer(self, frame: Frame, truth: CameraTruth) -> Detections:
        common = {name: getattr(frame, name) for name in _COMMON_FIELDS}
        if frame.kind is not Kind.FRAME:
            return Detections(**common)
        image = open_jpeg(frame.jpeg, frame.image_width * frame.image_height)
        people = truth.at(frame.camera_frame_index)
        detections = []
        for box in people.boxes_xywh[people.visibilities >= LEAST_VISIBILITY].astype(np.float32):
            corners = np.array([box[0], box[1], box[0] + box[2], box[1] + box[3]], np.float32)
            x1, y1, x2, y2 = corners.tolist()
            crop = self.cropper.cut(image, corners)
            detections.append(
                Detection(bbox_xyxy=(x1, y1, x2, y2), confidence=1.0, class_id=0, class_name="person", crop=crop)
            )
        return Detections(**common, detections=tuple(detections))


def _cropper(settings: DetectorSettings) -> Cropper:
    return Cropper(settings.crop_min_width, settings.crop_min_height, settings.crop_quality)
