"""The mapper between topics: `global-ids` in, `map-points` out, one for one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from spoton_common.errors import RejectedRecord
from spoton_common.runtime.stage import KeyedStage, Output, Rejection
from spoton_schemas.habits import Habits
from spoton_schemas.records import (
    CameraIdentities,
    CameraMapPoints,
    GlobalIds,
    IdentifiedTrack,
    Kind,
    MappedTrack,
    MapPoints,
    PersonPosition,
    PredictedPosition,
    TaskStart,
)
from spoton_schemas.topics import GLOBAL_IDS, MAP_POINTS

from spoton_mapper.errors import FrameOrderError
from spoton_mapper.mapper import Mapper, MapperParameters
from spoton_mapper.values import (
    CameraFrame,
    FloorScene,
    MapFrame,
    MappedBox,
    MappedCamera,
    MappedFrame,
    PersonEstimate,
    TrackedBox,
)

PERSON = "person"


Learned = Callable[[str, str], Habits | None]
"""Tells what tasks of an environment taught, but for one of them."""


class MapperStage(KeyedStage[GlobalIds]):
    """Puts what earlier tasks taught into each task's START: whoever reads ``map-points`` needs nothing else.

    Raises:
        ServerAway: told to stop while Kafka does not say what they taught.

    """

    def __init__(self, parameters: MapperParameters, learned: Learned) -> None:
        super().__init__(GLOBAL_IDS, lambda _task: MapperMachine(parameters))
        self._learned = learned

    def feed(self, records: Sequence[GlobalIds]) -> Iterator[Output | Rejection]:
        """Take records of any tasks."""
        return map(self._completed, super().feed(records))

    def _completed(self, output: Output | Rejection) -> Output | Rejection:
        if isinstance(output, Rejection) or output.record.kind is not Kind.START:
            return output
        start: MapPoints = output.record
        return Output(output.topic, replace(start, habits=self._learned(start.environment_id, start.task_id)))


class MapperMachine:
    """Puts one task's people on the floor."""

    def __init__(self, parameters: MapperParameters) -> None:
        self._parameters = parameters
        self._mapper: Mapper | None = None

    def feed(self, record: GlobalIds) -> Sequence[Output]:
        """Take the next tick or mark.

        ``RejectedRecord``: a frame before the task's START or out of order, or a START whose scene cannot be used.
        """
        if record.kind is Kind.FRAME:
            return [Output(MAP_POINTS, self._map(record))]
        if record.kind is Kind.START:
            self._mapper = self._start(record.start)
        elif record.kind is Kind.END_OF_TASK:
            self._mapper = None
        return [Output(MAP_POINTS, _answer(record, (), ()))]

    def snapshot(self) -> bytes:
        """Return the smoothed paths; empty before the start and after the end."""
        return self._mapper.snapshot() if self._mapper else b""

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot."""
        self._mapper = Mapper.restore(state)

    def _start(self, start: TaskStart | None) -> Mapper:
        if start is None:
            raise RejectedRecord("no_scene", "a START record without a scene")
        homographies = {c.camera_id: c.homography for c in start.scene.cameras if c.homography is not None}
        area = tuple((corner.x_m, corner.y_m) for corner in start.scene.monitored_area)
        try:
            return Mapper(FloorScene(homographies, area), self._parameters)
        except ValueError as error:  # GeometryError is one; so is a matrix of not nine numbers
            raise RejectedRecord("bad_scene", str(error)) from error

    def _map(self, record: GlobalIds) -> MapPoints:
        if self._mapper is None:
            raise RejectedRecord("not_started", "a frame of a task without START record")
        try:
            mapped = self._mapper.feed(MapFrame(record.event_time_us, tuple(map(_camera_frame, record.cameras))))
        except FrameOrderError as error:
            raise RejectedRecord("out_of_order", str(error)) from error
        return _mapped_points(record, mapped)


def _camera_frame(camera: CameraIdentities) -> CameraFrame:
    return CameraFrame(camera.camera_id, camera.image_width, camera.image_height, tuple(map(_box, camera.tracks)))


def _box(track: IdentifiedTrack) -> TrackedBox:
    # Only people walk: an object's identity, should it ever have one, makes no path.
    global_id = track.global_id if track.class_name == PERSON else None
    return TrackedBox(track.track_id, global_id, track.bbox_xyxy, track.visibility)


def _mapped_points(record: GlobalIds, mapped: MappedFrame) -> MapPoints:
    cameras = tuple(map(_camera_points, record.cameras, mapped.cameras))
    return _answer(record, cameras, tuple(_position(person) for person in mapped.people if person.is_monitored))


def _answer(record: GlobalIds, cameras: tuple[CameraMapPoints, ...], people: tuple[PersonPosition, ...]) -> MapPoints:
    return MapPoints(
        task_id=record.task_id,
        environment_id=record.environment_id,
        kind=record.kind,
        sub_video_batch_index=record.sub_video_batch_index,
        global_frame_index=record.global_frame_index,
        event_time_us=record.event_time_us,
        start=record.start,
        outcome=record.outcome,
        error=record.error,
        identity_revision=record.identity_revision,
        cameras=cameras,
        people=people,
    )


def _camera_points(camera: CameraIdentities, mapped: MappedCamera) -> CameraMapPoints:
    return CameraMapPoints(
        camera_id=camera.camera_id,
        camera_frame_index=camera.camera_frame_index,
        event_time_us=camera.event_time_us,
        image_width=camera.image_width,
        image_height=camera.image_height,
        tracks=tuple(map(_track, camera.tracks, mapped.boxes)),
    )


def _track(track: IdentifiedTrack, box: MappedBox) -> MappedTrack:
    x_m, y_m = box.position_m or (None, None)
    return MappedTrack(
        track_id=track.track_id,
        bbox_xyxy=track.bbox_xyxy,
        confidence=track.confidence,
        class_id=track.class_id,
        class_name=track.class_name,
        global_id=track.global_id,
        identity_confidence=track.identity_confidence,
        interpolated=track.interpolated,
        map_x_m=x_m,
        map_y_m=y_m,
    )


def _position(person: PersonEstimate) -> PersonPosition:
    return PersonPosition(
        global_id=person.global_id,
        x_m=person.position_m[0],
        y_m=person.position_m[1],
        vx_m_s=person.velocity_m_s[0],
        vy_m_s=person.velocity_m_s[1],
        std_m=person.std_m,
        camera_ids=person.camera_ids,
        predicted=tuple(
            PredictedPosition(after_s=p.after_s, x_m=p.position_m[0], y_m=p.position_m[1], std_m=p.std_m)
            for p in person.foreseen
        ),
    )
