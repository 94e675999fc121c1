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
from spoton_schemas.records import CameraTick, Detection, Detections, Frame, Kind, TaskStart
from spoton_schemas.topics import DETECTIONS, FRAMES

from spoton_detector.camera_state import CameraState
from spoton_detector.class_choice import PERSON
from spoton_detector.crops import Cropper
from spoton_detector.detector import Detector, FrameDetections, Image
from spoton_detector.looks import LookPlan
from spoton_detector.pictures import count_pixels, open_jpeg

NAME = "detector"

_log = get_logger()

_COMMON_FIELDS = [field.name for field in fields(CameraTick)]


@dataclass(slots=True)
class _Job:
    """A record on its way through the stage; only pictures have a camera, and only those looked at an image."""

    frame: Frame
    camera: CameraState | None = None
    skipped: bool = False
    image: Image | None = None
    found: FrameDetections | None = None
    error: RejectedRecord | None = None


class DetectorStage:
    """Detects in batches over all cameras; remembers for each camera of a task which classes it wants.

    With ``looks`` it leaves pictures out where they would show nothing new.
    """

    def __init__(
        self, detector: Detector, cropper: Cropper, max_pixels: int, workers: int, looks: LookPlan | None = None
    ) -> None:
        self._detector = detector
        self._looks = looks
        self._cropper = cropper
        self._max_pixels = max_pixels
        self._pool = ThreadPoolExecutor(workers, "pictures")  # JPEG work, which runs outside Python's lock
        self._cameras: dict[str, CameraState] = {}

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
        for turn in self._turns([job for job in jobs if job.camera is not None]):
            list(self._pool.map(self._open, turn))
            self._detect([job for job in turn if job.image is not None])
        outputs: list[Output | Rejection] = []
        for index, (job, answer) in enumerate(zip(jobs, self._pool.map(self._answer, jobs), strict=True), first):
            if job.error is not None:
                outputs.append(Rejection(index, job.error.reason, str(job.error)))
            outputs.append(Output(DETECTIONS, answer))
        return outputs

    def snapshot(self, key: str) -> bytes:
        """Return a camera's state; empty before its START and after its END_OF_TASK."""
        camera = self._cameras.get(key)
        return camera.to_bytes() if camera else b""

    def restore(self, key: str, state: bytes) -> None:
        """Go on from a camera's snapshot."""
        self._cameras[key] = CameraState.from_bytes(state)

    def forget(self, key: str) -> None:
        """Drop a camera's state."""
        self._cameras.pop(key, None)

    def _begin(self, frame: Frame) -> _Job:
        """Follow the stream's marks, in order, and note what a picture's camera wants."""
        about(frame)
        key = FRAMES.key(frame)
        if frame.kind is Kind.START and frame.start is not None:
            self._cameras[key] = self._start(frame.start)
        elif frame.kind is Kind.END_OF_TASK:
            self._cameras.pop(key, None)
        elif frame.kind is Kind.FRAME:
            camera = self._cameras.get(key)
            return _Job(frame, camera, error=None if camera else RejectedRecord("no_start", "its START was never seen"))
        return _Job(frame)

    def _turns(self, jobs: Sequence[_Job]) -> Iterator[list[_Job]]:
        """Yield the pictures to look at: all at once, or, where a look decides on the next one, one a camera."""
        if self._looks is None:
            yield list(jobs)
            return
        waiting = list(jobs)
        while waiting:
            turn: dict[int, _Job] = {}
            left = []
            for job in waiting:
                assert job.camera is not None
                if id(job.camera) in turn:
                    left.append(job)
                elif job.frame.global_frame_index >= job.camera.next_look:
                    turn[id(job.camera)] = job
                else:
                    job.skipped = True
            yield list(turn.values())
            for job in turn.values():
                self._decide(self._looks, job)
            waiting = left

    def _decide(self, looks: LookPlan, job: _Job) -> None:
        """Say which picture of the camera is looked at next."""
        assert job.camera is not None
        gap = 1 if job.found is None else looks.gap(job.found, job.camera.fps)
        job.camera.next_look = job.frame.global_frame_index + gap

    def _start(self, start: TaskStart) -> CameraState:
        camera = CameraState(start.scene.classes, start.scene.processing_fps)
        unknown = camera.choice.unknown(self._detector.class_names)
        if unknown:
            metrics.DROPPED.labels(NAME, "unknown_class").inc(len(unknown))
            _log.error(
                "the detector does not know these classes and leaves them out",
                classes=unknown,
                detector=self._detector.name,
            )
        return camera

    def _open(self, job: _Job) -> None:
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
            assert job.camera is not None
            job.found = job.camera.choice.keep(found, self._detector.class_names)

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
        if job.skipped:
            return Detections(**common, observed=False)
        if job.image is None or job.found is None:
            return Detections(**common)
        height, width = job.image.shape[:2]
        common["image_width"] = common["image_width"] or width
        common["image_height"] = common["image_height"] or height
        # Ingest may send a smaller picture than the source's; boxes are in pixels of the source.
        scale = np.array([common["image_width"] / width, common["image_height"] / height] * 2, np.float32)
        detections = tuple(self._detection(job.image, job.found, i, scale) for i in range(len(job.found)))
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
