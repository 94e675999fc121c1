"""Association between topics: all cameras' `tracks` of a task in, `global-ids` and `identity-revisions` out."""

import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from spoton_common.errors import RejectedRecord
from spoton_common.runtime.stage import Output
from spoton_schemas import records
from spoton_schemas.records import (
    AppearanceModel,
    GlobalIds,
    IdentityChange,
    Kind,
    Outcome,
    TaskStart,
    Tracks,
)
from spoton_schemas.topics import APPEARANCES, GLOBAL_IDS, IDENTITY_REVISIONS

from spoton_reid.association import (
    AssociationParameters,
    Associator,
    Bucket,
    IdentityRevision,
    LabelledBucket,
    Observation,
    Scene,
    SceneCamera,
    foot_on_floor,
    touches_border,
)
from spoton_reid.stages.camera_health import CameraWatch
from spoton_reid.stages.identified import PERSON, camera_identities
from spoton_reid.stages.ticks import SegmentEnd, TaskEnd, Tick, TickBuffer

_DESCRIBE_EVERY_S = 5.0  # of video: how old the appearance of somebody in view, or a camera's health, may be


@dataclass(slots=True)
class _Task:
    """What is known of a running task; all of it but the associator pickles."""

    task_id: str
    environment_id: str
    start: TaskStart
    buffer: TickBuffer
    model: AppearanceModel | None
    watch: CameraWatch
    started: set[str] = field(default_factory=set)
    waiting: deque[Tick | SegmentEnd] = field(default_factory=deque)
    revision: int = 0
    described_tick: int = 0
    ended: bool = False
    embedding_bytes: int | None = None


class AssociateMachine:
    """Gives one task's people their identities."""

    def __init__(self, parameters: AssociationParameters) -> None:
        self._parameters = parameters
        self._task: _Task | None = None
        self._associator: Associator | None = None

    def feed(self, record: Tracks) -> Iterator[Output]:
        """Take a camera's next record; ``RejectedRecord`` if its camera or task is not known from a START."""
        if record.kind is Kind.START:
            yield from self._start(record)
            return
        task = self._task
        if task is None and record.kind is Kind.END_OF_TASK and record.outcome is Outcome.FAILED:
            yield Output(GLOBAL_IDS, _end_of_lost(record))
            return
        if task is None or not task.buffer.knows(record.camera_id):
            raise RejectedRecord("not_started", f"camera {record.camera_id} of a task that has not started with it")
        _check_embeddings(task, record)
        if not task.buffer.has_room(record):
            raise RejectedRecord("too_far_ahead", f"camera {record.camera_id}: other cameras of its task do not follow")
        for item in task.buffer.add(record):
            yield from self._take(task, item)

    def snapshot(self) -> bytes:
        """Return tracklets, identities and what waits; empty before the start and after the end."""
        if self._task is None or self._associator is None or self._task.ended:
            return b""
        return pickle.dumps((self._task, self._associator.snapshot()), protocol=5)

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot; they come only from our own state topic: pickle runs what it reads."""
        self._task, associator_state = pickle.loads(state)  # noqa: S301
        assert self._task is not None
        self._associator = self._make_associator(self._task)
        self._associator.restore(associator_state)

    def _start(self, record: Tracks) -> Sequence[Output]:
        if record.start is None:
            raise RejectedRecord("no_scene", "a START record without a scene")
        if self._task is None:
            start = record.start
            buffer = TickBuffer(start.camera_ids)
            watch = CameraWatch(record.task_id, record.environment_id, start.scene.processing_fps)
            self._task = _Task(record.task_id, record.environment_id, start, buffer, record.appearance_model, watch)
            self._associator = self._make_associator(self._task)
        task = self._task
        if (record.start.scene, record.start.camera_ids) != (task.start.scene, task.start.camera_ids):
            raise RejectedRecord("different_start", f"camera {record.camera_id}: its task began with another scene")
        task.started.add(record.camera_id)
        if task.started != set(task.start.camera_ids):
            return []
        return [Output(GLOBAL_IDS, _mark(task, Kind.START, 0, 0, start=task.start))]

    def _make_associator(self, task: _Task) -> Associator:
        parameters = self._parameters
        if task.model is not None:
            parameters = parameters.for_model(task.model.even_cosine, task.model.slope)
        return Associator(_scene(task.start), parameters)

    def _take(self, task: _Task, item: Tick | SegmentEnd | TaskEnd) -> Iterator[Output]:
        """Publish first, decide then: what is published now is on its way while the next decision is made."""
        assert self._associator is not None
        if isinstance(item, TaskEnd):
            yield from self._end(task, self._associator, item)
            return
        task.waiting.append(item)
        if isinstance(item, SegmentEnd):
            yield from _segment_ends(task)
            return
        bucket = Bucket(item.global_frame_index, _observations(task.start, item), _without_picture(task.start, item))
        yield from _published(task, self._associator.take(bucket))
        yield from _revised(task, self._associator.decide(), item.global_frame_index)
        if item.global_frame_index - task.described_tick >= _DESCRIBE_EVERY_S * task.start.scene.processing_fps:
            task.described_tick = item.global_frame_index
            yield from _described(task, self._associator)
            yield from task.watch.look(item.global_frame_index, self._associator.health())

    def _end(self, task: _Task, associator: Associator, item: TaskEnd) -> Iterator[Output]:
        task.ended = True
        published, revisions = associator.finish()
        yield from _revised(task, revisions, item.global_frame_index)
        yield from _published(task, published)
        yield from _segment_ends(task)
        yield from _described(task, associator)
        end = _mark(
            task,
            Kind.END_OF_TASK,
            item.global_frame_index,
            item.batch_index,
            identity_revision=task.revision,
            outcome=item.outcome,
            error=item.error,
        )
        yield Output(GLOBAL_IDS, end)


def _end_of_lost(record: Tracks) -> GlobalIds:
    """Return the end of a task of which nothing is known any more: the runner found its state unreadable."""
    return GlobalIds(
        task_id=record.task_id,
        environment_id=record.environment_id,
        kind=Kind.END_OF_TASK,
        sub_video_batch_index=record.sub_video_batch_index,
        global_frame_index=record.global_frame_index,
        event_time_us=record.event_time_us,
        outcome=record.outcome,
        error=record.error,
    )


def _check_embeddings(task: _Task, record: Tracks) -> None:
    """All embeddings of a task have the length of its first one: others would break every later comparison."""
    for track in record.tracks:
        if track.embedding is not None:
            task.embedding_bytes = task.embedding_bytes or len(track.embedding)
            if len(track.embedding) != task.embedding_bytes:
                raise RejectedRecord(
                    "wrong_embedding",
                    f"track {track.track_id}: {len(track.embedding)} bytes, not {task.embedding_bytes}",
                )


def _scene(start: TaskStart) -> Scene:
    cameras = [start.scene.camera(camera_id) for camera_id in start.camera_ids]
    area = tuple((corner.x_m, corner.y_m) for corner in start.scene.monitored_area)
    return Scene(start.scene.processing_fps, tuple(_camera(camera, (0, 0)) for camera in cameras), area or None)


def _camera(camera: records.SceneCamera, size_px: tuple[int, int]) -> SceneCamera:
    matrix = None if camera.homography is None else np.array(camera.homography, np.float64).reshape(3, 3)
    return SceneCamera(camera.camera_id, matrix, size_px)


def _observations(start: TaskStart, tick: Tick) -> tuple[Observation, ...]:
    """List the people of a tick, camera by camera, in their records' order."""
    found = []
    for picture in tick.cameras:
        camera = _camera(start.scene.camera(picture.camera_id), (picture.image_width, picture.image_height))
        found += [
            Observation(
                camera_id=picture.camera_id,
                track_id=track.track_id,
                bbox_xyxy=track.bbox_xyxy,
                confidence=track.confidence,
                visibility=track.visibility,
                embedding=None if track.embedding is None else np.frombuffer(track.embedding, "<f4"),
                floor_m=foot_on_floor(camera, track.bbox_xyxy),
                at_border=touches_border(camera, track.bbox_xyxy),
            )
            for track in picture.tracks
            if track.class_name == PERSON
        ]
    return tuple(found)


def _without_picture(start: TaskStart, tick: Tick) -> frozenset[str]:
    return frozenset(start.camera_ids) - {picture.camera_id for picture in tick.cameras}


def _published(task: _Task, buckets: list[LabelledBucket]) -> list[Output]:
    outputs = []
    for bucket in buckets:
        outputs += _segment_ends(task)
        tick = task.waiting.popleft()
        assert isinstance(tick, Tick)
        assert tick.global_frame_index == bucket.global_frame_index
        content = _mark(
            task,
            Kind.FRAME,
            tick.global_frame_index,
            max(picture.sub_video_batch_index for picture in tick.cameras),
            identity_revision=task.revision,
            event_time_us=tick.cameras[0].event_time_us,
            cameras=camera_identities(tick, bucket),
        )
        outputs.append(Output(GLOBAL_IDS, content))
    return outputs + _segment_ends(task)


def _segment_ends(task: _Task) -> list[Output]:
    """Send the marks whose turn has come: those with no unpublished picture before them."""
    outputs = []
    while task.waiting and isinstance(task.waiting[0], SegmentEnd):
        end = task.waiting.popleft()
        assert isinstance(end, SegmentEnd)
        mark = _mark(task, Kind.END_OF_SEGMENT, end.global_frame_index, end.batch_index, error=end.error)
        outputs.append(Output(GLOBAL_IDS, mark))
    return outputs


def _revised(task: _Task, revisions: list[IdentityRevision], tick: int) -> list[Output]:
    if not revisions:
        return []
    task.revision += 1
    changes = tuple(
        IdentityChange(
            camera_id=r.camera_id,
            track_id=r.track_id,
            first_frame_index=r.first_frame,
            last_frame_index=r.last_frame,
            old_global_id=r.old_identity,
            new_global_id=r.new_identity,
        )
        for r in revisions
    )
    revision = records.IdentityRevision(
        task_id=task.task_id,
        environment_id=task.environment_id,
        revision=task.revision,
        global_frame_index=tick,
        changes=changes,
    )
    return [Output(IDENTITY_REVISIONS, revision)]


def _described(task: _Task, associator: Associator) -> list[Output]:
    if task.model is None:
        return []
    return [
        Output(
            APPEARANCES,
            records.Appearance(
                task_id=task.task_id,
                environment_id=task.environment_id,
                global_id=appearance.identity,
                global_frame_index=appearance.last_frame,
                model=task.model.name,
                embedding=appearance.embedding.astype("<f4").tobytes(),
                crops=appearance.crops,
            ),
        )
        for appearance in associator.appearances()
    ]


def _mark(task: _Task, kind: Kind, tick: int, batch_index: int, **content: object) -> GlobalIds:
    time_us = round(tick * 1e6 / task.start.scene.processing_fps)
    return GlobalIds(
        task_id=task.task_id,
        environment_id=task.environment_id,
        kind=kind,
        global_frame_index=tick,
        sub_video_batch_index=batch_index,
        **{"event_time_us": time_us, **content},  # type: ignore[arg-type]
    )
