"""Tracking between topics: one camera's `detections` in, its `tracks` out, one for one and in order."""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from spoton_common import metrics
from spoton_common.errors import BrokenStage, RejectedRecord
from spoton_common.runtime.stage import Output
from spoton_schemas.records import AppearanceModel, Detection, Detections, Kind, Track, Tracks
from spoton_schemas.topics import TRACKS

from spoton_reid.embedding import CropGate, CropSelector, Embedder, box_visibilities
from spoton_reid.embedding.description import ModelDescription
from spoton_reid.stages.gaps import FilledPicture, GapFiller
from spoton_reid.stages.track_ids import TrackIds
from spoton_reid.tracking import Tracker

NAME = "track"
PERSON = "person"
_REMEMBER_S = 30.0  # of video: no tracker takes a track up again after so long
_MAX_CROP_PIXELS = 2048 * 1024  # whatever embedders take, crops are no larger than a person in a 4K picture
_NO_CROP = np.zeros((0, 0, 3), np.uint8)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrackTools:
    """What all cameras share: the model, what makes a tracker for a processing rate, the judge of crops."""

    embedder: Embedder
    make_tracker: Callable[[float], Tracker]
    gate: CropGate = field(default_factory=CropGate)


@dataclass(slots=True)
class _Camera:
    fps: float
    selector: CropSelector
    trackers: dict[str, Tracker] = field(default_factory=dict)
    ids: TrackIds = field(default_factory=TrackIds)
    gaps: GapFiller = field(default_factory=GapFiller)
    frame: int = -1


@dataclass(frozen=True, slots=True)
class _Tracked:
    """Tracked boxes of one class; ``rows`` index the record's detections."""

    rows: list[int]
    track_ids: list[int]


class TrackMachine:
    """Tracks one camera: a tracker for each class, embeddings of people's crops where they add evidence."""

    def __init__(self, tools: TrackTools) -> None:
        self._tools = tools
        self._camera: _Camera | None = None

    def feed(self, record: Detections) -> Sequence[Output]:
        """Take the next picture or mark; ``RejectedRecord`` for a picture before the START.

        Pictures that the detector left out are answered together with the next one that it looked at.
        """
        if record.kind is Kind.START:
            self._start(record)
            answer = _answer(record, ())
            return [
                Output(TRACKS, replace(answer, appearance_model=_appearance_model(self._tools.embedder.description)))
            ]
        if record.kind is Kind.END_OF_TASK:
            camera, self._camera = self._camera, None
            filled = camera.gaps.finish() if camera else []
            return [*map(_filled, filled), Output(TRACKS, _answer(record, ()))]
        if self._camera is None:
            if record.kind is Kind.FRAME:
                raise RejectedRecord("not_started", "a picture of a camera without START record")
            return [Output(TRACKS, _answer(record, ()))]
        return self._go_on(self._camera, record)

    def snapshot(self) -> bytes:
        """Return trackers and budgets; empty before the start and after the end."""
        camera = self._camera
        if camera is None:
            return b""
        trackers = {name: tracker.snapshot() for name, tracker in camera.trackers.items()}
        return pickle.dumps((camera.fps, camera.selector, trackers, camera.ids, camera.gaps, camera.frame), protocol=5)

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot; they come only from our own state topic: pickle runs what it reads."""
        fps, selector, trackers, ids, gaps, frame = pickle.loads(state)  # noqa: S301
        self._camera = _Camera(fps, selector, ids=ids, gaps=gaps, frame=frame)
        for name, tracker_state in trackers.items():
            self._tracker(self._camera, name).restore(tracker_state)

    def _go_on(self, camera: _Camera, record: Detections) -> Sequence[Output]:
        if record.kind is Kind.FRAME and record.observed:
            # Trackers need a frame index that grows; ticks do, and a camera's own index should.
            camera.frame = max(record.camera_frame_index, camera.frame + 1)
            tracks = self._track(camera, record)
            filled = camera.gaps.look(record.global_frame_index, tracks)
            return [*map(_filled, filled), Output(TRACKS, _answer(record, tracks))]
        if record.kind is Kind.FRAME or camera.gaps.held:
            return [_filled(f) for f in camera.gaps.hold(record)]
        return [Output(TRACKS, _answer(record, ()))]

    def _start(self, record: Detections) -> None:
        if record.start is None:
            raise RejectedRecord("no_scene", "a START record without a scene")
        fps = record.start.scene.processing_fps
        self._camera = _Camera(fps, CropSelector(fps))

    def _tracker(self, camera: _Camera, class_name: str) -> Tracker:
        if class_name not in camera.trackers:
            camera.trackers[class_name] = self._tools.make_tracker(camera.fps)
        return camera.trackers[class_name]

    def _track(self, camera: _Camera, record: Detections) -> tuple[Track, ...]:
        boxes = np.array([d.bbox_xyxy for d in record.detections], np.float32).reshape(-1, 4)
        people = [row for row, d in enumerate(record.detections) if d.class_name == PERSON]
        visibilities = np.ones(len(boxes), np.float32)
        visibilities[people] = box_visibilities(boxes[people])
        found: list[tuple[int, int, Floats | None]] = []
        camera.selector.forget(camera.ids.forget(camera.frame, round(_REMEMBER_S * camera.fps)))
        # A class that has been seen goes on being told of pictures without it: tracks must age.
        classes = sorted({*camera.trackers, *(d.class_name for d in record.detections)})
        for name in classes:
            rows = [row for row, d in enumerate(record.detections) if d.class_name == name]
            tracker = self._tracker(camera, name)
            early = self._embed_all(tracker, name, record.detections, rows)
            tracked = _link(camera, tracker, name, record, rows, boxes, early)
            embeddings = dict(early)
            if name == PERSON and not tracker.needs_embeddings:
                embeddings = self._embed_chosen(camera, record, tracked, boxes, visibilities)
            found += [
                (row, track_id, embeddings.get(row))
                for row, track_id in zip(tracked.rows, tracked.track_ids, strict=True)
            ]
        return tuple(
            _as_track(record.detections[r], i, float(visibilities[r]), e) for r, i, e in sorted(found, key=_row)
        )

    def _embed_all(
        self, tracker: Tracker, class_name: str, detections: Sequence[Detection], rows: list[int]
    ) -> dict[int, Floats]:
        if not tracker.needs_embeddings or class_name != PERSON:
            return {}
        return self._embed(detections, [row for row in rows if detections[row].crop is not None])

    def _embed_chosen(
        self, camera: _Camera, record: Detections, tracked: _Tracked, boxes: Floats, visibilities: Floats
    ) -> dict[int, Floats]:
        rows = tracked.rows
        confidences = np.array([record.detections[row].confidence for row in rows], np.float32)
        size = (record.image_width, record.image_height)
        accepted = self._tools.gate.accepts(boxes[rows], confidences, visibilities[rows], size)
        accepted &= np.array([record.detections[row].crop is not None for row in rows], np.bool_)
        chosen = camera.selector.select(
            camera.frame,
            np.array(tracked.track_ids, np.int64),
            visibilities[rows],
            accepted,
            sparse=bool(camera.gaps.held),
        )
        return self._embed(record.detections, [row for row, take in zip(rows, chosen, strict=True) if take])

    def _embed(self, detections: Sequence[Detection], rows: list[int]) -> dict[int, Floats]:
        crops = {row: _decode(detections[row].crop) for row in rows}
        metrics.DROPPED.labels(NAME, "bad_crop").inc(sum(not crop.size for crop in crops.values()))
        whole = {row: crop for row, crop in crops.items() if crop.size}
        if not whole:
            return {}
        metrics.EMBEDDINGS.labels(NAME).inc(len(whole))
        metrics.MODEL_BATCH_SIZE.labels(NAME).observe(len(whole))
        try:
            with metrics.MODEL_SECONDS.labels(NAME).time():
                embeddings = self._tools.embedder.embed(list(whole.values()))
        except Exception:
            self._look_at_model()
            raise
        return dict(zip(whole, embeddings, strict=True))

    def _look_at_model(self) -> None:
        """``BrokenStage`` if the model does not work with other crops either: then no record is to blame."""
        try:
            self._tools.embedder.warm_up()
        except Exception as broken:
            raise BrokenStage(f"the model does not work: {type(broken).__name__}: {broken}") from broken


def _link(
    camera: _Camera,
    tracker: Tracker,
    class_name: str,
    record: Detections,
    rows: list[int],
    boxes: Floats,
    embeddings: dict[int, Floats],
) -> _Tracked:
    if tracker.needs_embeddings:
        rows = [row for row in rows if row in embeddings]
    tracks = tracker.update(
        camera.frame,
        boxes[rows],
        np.array([record.detections[row].confidence for row in rows], np.float32),
        np.array([record.detections[row].class_id for row in rows], np.int64),
        [embeddings.get(row) for row in rows],
    )
    ids = camera.ids.name(class_name, [t.track_id for t in tracks], camera.frame)
    return _Tracked([rows[t.detection_index] for t in tracks], ids)


def _row(found: tuple[int, int, Floats | None]) -> int:
    return found[0]


def _decode(crop: bytes | None) -> NDArray[np.uint8]:
    """Open a crop; an empty picture if it is none, or stands for a huge one."""
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(crop or b"")
    except ValueError:
        return _NO_CROP
    if height * width > _MAX_CROP_PIXELS:
        return _NO_CROP
    picture = cv2.imdecode(np.frombuffer(crop or b"", np.uint8), cv2.IMREAD_COLOR)
    return _NO_CROP if picture is None else np.asarray(picture, np.uint8)


def _as_track(detection: Detection, track_id: int, visibility: float, embedding: Floats | None) -> Track:
    return Track(
        track_id=track_id,
        bbox_xyxy=detection.bbox_xyxy,
        confidence=detection.confidence,
        class_id=detection.class_id,
        class_name=detection.class_name,
        visibility=visibility,
        embedding=None if embedding is None else embedding.astype("<f4").tobytes(),
    )


def _appearance_model(description: ModelDescription) -> AppearanceModel:
    return AppearanceModel(description.name, description.even_cosine, description.slope)


def _filled(filled: FilledPicture) -> Output:
    return Output(TRACKS, _answer(filled.record, filled.tracks))


def _answer(record: Detections, tracks: tuple[Track, ...]) -> Tracks:
    return Tracks(
        task_id=record.task_id,
        environment_id=record.environment_id,
        camera_id=record.camera_id,
        kind=record.kind,
        sub_video_batch_index=record.sub_video_batch_index,
        global_frame_index=record.global_frame_index,
        camera_frame_index=record.camera_frame_index,
        event_time_us=record.event_time_us,
        image_width=record.image_width,
        image_height=record.image_height,
        start=record.start,
        outcome=record.outcome,
        error=record.error,
        tracks=tracks,
        observed=record.observed,
    )
