"""The stage: pictures in, detections out, one to one and in order."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np
from spoton_common import metrics
from spoton_common.errors import BrokenStage, RejectedRecord
from spoton_common.log_context import about
from spoton_common.logging import get_logger
from spoton_common.runtime.stage import Output, Rejection, failure
from spoton_schemas.records import CameraTick, Detection, Detections, Frame, Kind
from spoton_schemas.topics import DETECTIONS, FRAMES

from spoton_detector.class_choice import PERSON, ClassChoice
from spoton_detector.crops import Cropper
from spoton_detector.detector import Detector, FrameDetections, Image
from spoton_detector.pictures import count_pixels, open_jpeg

NAME = "detector"

_log = get_logger()

_COMMON_FIELDS = [field.name for field in fields(CameraTick)]


@dataclass(slots=True)
class _Job:
    """A record on its way through the stage; marks have neither choice nor picture."""

    frame: Frame
    choice: ClassChoice | None = None
    image: Image | None = None
    found: FrameDetections | None = None
    error: RejectedRecord | None = None


class DetectorStage:
    """Detects in batches over all cameras; remembers for each camera of a task which classes it wants."""

    def __init__(self, detector: Detector, cropper: Cropper, max_pixels: int, workers: int) -> None:
        self._detector = detector
        self._cropper = cropper
        self._max_pixels = max_pixels
        self._pool = ThreadPoolExecutor(workers, "pictures")  # JPEG work, which runs outside Python's lock
        self._choices: dict[str, ClassChoice] = {}

    def feed(self, records: Sequence[Frame]) -> Sequence[Output | Rejection]:
        """Answer every record: marks as they are, pictures with detections.

        A picture that cannot be opened, or whose camera's START was never seen, is rejected and still answered, with
        no detections: no frame is missing downstream.
        """
        outputs: list[Output | Rejection] = []
        for first, frames in self._portions(records):
            outputs += self._feed_portion(first, frames)
        return outputs

    def _portions(self, records: Sequence[Frame]) -> Iterator[tuple[int, Sequence[Frame]]]:
        """Part a batch so that the pictures opened at once have no more pixels than one may have."""
        first, pixels = 0, 0
        for index, frame in enumerate(records):
            size = min(count_pixels(frame.jpeg), self._max_pixels) if frame.jpeg else 0
            if pixels + size > self._max_pixels:
                yield first, records[first:index]
                first, pixels = index, 0
            pixels += size
        yield first, records[first:]

    def _feed_portion(self, first: int, records: Sequence[Frame]) -> Sequence[Output | Rejection]:
        jobs = [self._begin(frame) for frame in records]
        list(self._pool.map(self._open, jobs))
        self._detect([job for job in jobs if job.image is not None])
        outputs: list[Output | Rejection] = []
        for index, (job, answer) in enumerate(zip(jobs, self._pool.map(self._answer, jobs), strict=True), first):
            if job.error is not None:
                outputs.append(Rejection(index, job.error.reason, str(job.error)))
            outputs.append(Output(DETECTIONS, answer))
        return outputs

    def snapshot(self, key: str) -> bytes:
        """Return a camera's choice of classes; empty before its START and after its END_OF_TASK."""
        choice = self._choices.get(key)
        return choice.to_bytes() if choice else b""

    def restore(self, key: str, state: bytes) -> None:
        """Go on from a camera's snapshot."""
        self._choices[key] = ClassChoice.from_bytes(state)

    def forget(self, key: str) -> None:
        """Drop a camera's choice."""
        self._choices.pop(key, None)

    def _begin(self, frame: Frame) -> _Job:
        """Follow the stream's marks, in order, and note what a picture's camera wants."""
        about(frame)
        key = FRAMES.key(frame)
        if frame.kind is Kind.START and frame.start is not None:
            self._choices[key] = self._choose(frame.start.scene.classes)
        elif frame.kind is Kind.END_OF_TASK:
            self._choices.pop(key, None)
        elif frame.kind is Kind.FRAME:
            choice = self._choices.get(key)
            return _Job(frame, choice, error=None if choice else RejectedRecord("no_start", "its START was never seen"))
        return _Job(frame)

    def _choose(self, names: tuple[str, ...]) -> ClassChoice:
        choice = ClassChoice(names)
        unknown = choice.unknown(self._detector.class_names)
        if unknown:
            metrics.DROPPED.labels(NAME, "unknown_class").inc(len(unknown))
            _log.error(
                "the detector does not know these classes and leaves them out",
                classes=unknown,
                detector=self._detector.name,
            )
        return choice

    def _open(self, job: _Job) -> None:
        if job.choice is None:
            return
        try:
            job.image = open_jpeg(job.frame.jpeg, self._max_pixels)
        except RejectedRecord as error:
            job.error = error

    def _detect(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        try:
            results = self._look(jobs)
        except Exception as error:
            if len(jobs) == 1:
                self._blame(jobs[0], error)
                return
            for job in jobs:  # one of the pictures, or the model
                self._detect([job])
            return
        for job, found in zip(jobs, results, strict=True):
            job.found = found

    def _look(self, jobs: Sequence[_Job]) -> Sequence[FrameDetections]:
        metrics.MODEL_BATCH_SIZE.labels(NAME).observe(len(jobs))
        with metrics.MODEL_SECONDS.labels(NAME).time():
            return self._detector.detect([job.image for job in jobs if job.image is not None])

    def _blame(self, job: _Job, error: Exception) -> None:
        """Find out whether it was the picture: the model still works with another one; else ``BrokenStage``."""
        try:
            self._detector.warm_up()
        except Exception as broken:
            raise BrokenStage(f"the model does not work: {type(broken).__name__}: {broken}") from broken
        rejection = failure(0, error)
        job.error = RejectedRecord(rejection.reason, rejection.detail)

    def _answer(self, job: _Job) -> Detections:
        common = {name: getattr(job.frame, name) for name in _COMMON_FIELDS}
        if job.image is None or job.found is None or job.choice is None:
            return Detections(**common)
        height, width = job.image.shape[:2]
        common["image_width"] = common["image_width"] or width
        common["image_height"] = common["image_height"] or height
        # Ingest may send a smaller picture than the source's; boxes are in pixels of the source.
        scale = np.array([common["image_width"] / width, common["image_height"] / height] * 2, np.float32)
        found = job.choice.keep(job.found, self._detector.class_names)
        detections = tuple(self._detection(job.image, found, i, scale) for i in range(len(found)))
        return Detections(**common, detections=detections)

    def _detection(
        self, image: Image, found: FrameDetections, index: int, scale: np.typing.NDArray[np.float32]
    ) -> Detection:
        class_id = int(found.class_ids[index])
        class_name = self._detector.class_names[class_id]
        left, top, right, bottom = (found.boxes_xyxy[index] * scale).tolist()
        return Detection(
            bbox_xyxy=(left, top, right, bottom),
            confidence=float(found.scores[index]),
            class_id=class_id,
            class_name=class_name,
            crop=self._cropper.cut(image, found.boxes_xyxy[index]) if class_name == PERSON else None,
        )
