"""Whether the fields of a record fit together; what each may be by itself stands beside it in ``records.py``.

One check a topic, made once, where a record is read: stages need no checks of their own.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spoton_schemas.bounds import MAX_NAME
from spoton_schemas.errors import ImplausibleRecord
from spoton_schemas.habits import Habits
from spoton_schemas.records import (
    Appearance,
    BoxXyxy,
    CameraTick,
    Command,
    Detections,
    Environment,
    Event,
    Frame,
    GlobalIds,
    IdentityRevision,
    Kind,
    MapPoints,
    Scene,
    Segment,
    TaskHabits,
    TaskStart,
    TaskStatus,
    Tick,
    Tracks,
)

_LONGEST = 1.01  # unit vectors, with float32's rounding


def check(record: Any) -> None:
    """Raise ``ImplausibleRecord`` if a record's fields contradict each other."""
    _CHECKS[type(record)](record)


def is_name(value: object) -> bool:
    """Tell whether a value can be the name of a task, an environment or a camera."""
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME and _is_clean(value)


def _is_clean(name: str) -> bool:
    # Names become keys, paths and labels: '/' parts keys, and PostgreSQL takes no zero byte.
    return name.isprintable() and "/" not in name


def _name(what: str, name: str) -> None:
    if not _is_clean(name):
        raise ImplausibleRecord(f"{what} {name[:50]!r} has '/' or characters that cannot be printed")


def _distinct(what: str, values: Sequence[Any]) -> None:
    if len(set(values)) != len(values):
        raise ImplausibleRecord(f"a {what} occurs twice")


def _boxes(boxes: Iterable[BoxXyxy]) -> None:
    for x1, y1, x2, y2 in boxes:
        if x1 > x2 or y1 > y2:
            raise ImplausibleRecord(f"box ({x1}, {y1}, {x2}, {y2}) ends before it begins")


def _embedding(data: bytes) -> None:
    if len(data) % 4:
        raise ImplausibleRecord(f"an embedding of {len(data)} bytes is no float32 vector")
    if not math.hypot(*memoryview(data).cast("f")) <= _LONGEST:  # NaN and infinity fail, too
        raise ImplausibleRecord("an embedding is no unit vector")


def _task(record: Any) -> None:
    _name("task", record.task_id)
    _name("environment", record.environment_id)


def _scene(scene: Scene) -> None:
    _name("environment", scene.environment_id)
    for camera in scene.cameras:
        _name("camera", camera.camera_id)
    _distinct("camera", [camera.camera_id for camera in scene.cameras])


def _start(record: Tick, start: TaskStart) -> None:
    _scene(start.scene)
    if start.scene.environment_id != record.environment_id:
        raise ImplausibleRecord(f"the scene is of environment {start.scene.environment_id!r}")
    known = {camera.camera_id for camera in start.scene.cameras}
    _distinct("camera", start.camera_ids)
    if not start.camera_ids or not known.issuperset(start.camera_ids):
        raise ImplausibleRecord("the task's cameras are not those of its scene")
    if isinstance(record, CameraTick) and record.camera_id not in start.camera_ids:
        raise ImplausibleRecord(f"camera {record.camera_id!r} takes no part in the task")


def _tick(record: Tick) -> None:
    _task(record)
    if record.kind is Kind.START:
        if record.start is None:
            raise ImplausibleRecord("a START without a scene")
        _start(record, record.start)


def _frame(record: Frame) -> None:
    _tick(record)
    _name("camera", record.camera_id)


def _detections(record: Detections) -> None:
    _tick(record)
    _name("camera", record.camera_id)
    _boxes(detection.bbox_xyxy for detection in record.detections)


def _tracks(record: Tracks) -> None:
    _tick(record)
    _name("camera", record.camera_id)
    _distinct("track", [track.track_id for track in record.tracks])
    _boxes(track.bbox_xyxy for track in record.tracks)
    for track in record.tracks:
        if track.embedding is not None:
            _embedding(track.embedding)


def _cameras(record: GlobalIds | MapPoints) -> None:
    _tick(record)
    _distinct("camera", [camera.camera_id for camera in record.cameras])
    for camera in record.cameras:
        _name("camera", camera.camera_id)
        _distinct("track", [track.track_id for track in camera.tracks])
        _boxes(track.bbox_xyxy for track in camera.tracks)


def _map_points(record: MapPoints) -> None:
    _cameras(record)
    if record.habits is not None:
        _habits(record.habits)
    _distinct("person", [person.global_id for person in record.people])


def _habits(habits: Habits) -> None:
    _distinct("place", [(place.x_m, place.y_m) for place in habits.places])


def _task_habits(record: TaskHabits) -> None:
    _task(record)
    _habits(record.habits)


def _revision(record: IdentityRevision) -> None:
    _task(record)
    for change in record.changes:
        _name("camera", change.camera_id)
        if change.first_frame_index > change.last_frame_index:
            raise ImplausibleRecord(f"a change from tick {change.first_frame_index} to {change.last_frame_index}")


def _appearance(record: Appearance) -> None:
    _task(record)
    _embedding(record.embedding)


def _event(record: Event) -> None:
    _task(record)
    _name("event", record.event_id.replace("/", "-"))  # it is part of no key


def _status(record: TaskStatus) -> None:
    _task(record)
    for camera_id in (*record.camera_ids, record.camera_id or "-"):
        _name("camera", camera_id)


def _segment(record: Segment) -> None:
    _task(record)
    for camera_id in (*record.camera_ids, record.camera_id):
        _name("camera", camera_id)


def _environment(record: Environment) -> None:
    _scene(record.scene)


_CHECKS: dict[type, Callable[[Any], None]] = {
    Segment: _segment,
    Frame: _frame,
    Detections: _detections,
    Tracks: _tracks,
    GlobalIds: _cameras,
    IdentityRevision: _revision,
    MapPoints: _map_points,
    Appearance: _appearance,
    Event: _event,
    TaskHabits: _task_habits,
    TaskStatus: _status,
    Command: _task,
    Environment: _environment,
}
