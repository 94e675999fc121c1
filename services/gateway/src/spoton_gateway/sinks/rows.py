"""Records as rows: pure functions from what the topics carry to what the tables hold."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from spoton_schemas.records import CameraMapPoints, Event, IdentityRevision, MappedTrack, MapPoints, PersonPosition

Row = tuple[Any, ...]

CAMERA_FRAMES = (
    "task_id",
    "camera_id",
    "global_frame_index",
    "camera_frame_index",
    "time",
    "image_width",
    "image_height",
)
TRACK_POINTS = (
    *("task_id", "camera_id", "track_id", "global_frame_index", "camera_frame_index", "time"),
    *("x1_px", "y1_px", "x2_px", "y2_px", "confidence", "class_id", "class_name"),
    *("live_global_id", "global_id", "identity_confidence", "identity_revision", "applied_revision", "x_m", "y_m"),
)
PERSON_POSITIONS = (
    *("task_id", "global_frame_index", "live_global_id", "time", "global_id", "applied_revision"),
    *("x_m", "y_m", "vx_m_s", "vy_m_s", "std_m", "camera_ids"),
)
IDENTITY_REVISIONS = ("task_id", "revision", "global_frame_index", "recorded_at")
IDENTITY_CHANGES = (
    *("task_id", "revision", "ordinal", "camera_id", "track_id"),
    *("first_frame_index", "last_frame_index", "old_global_id", "new_global_id"),
)
EVENTS = (
    *("task_id", "event_id", "type", "global_frame_index", "event_time_us", "end_frame_index", "end_time_us"),
    *("camera_id", "track_id", "global_id", "seen_frame_index", "identity_revision", "others"),
    *("class_name", "place", "x_m", "y_m", "confidence", "details"),
)


@dataclass(slots=True)
class Rows:
    """Rows of one batch, by table."""

    camera_frames: list[Row] = field(default_factory=list)
    track_points: list[Row] = field(default_factory=list)
    person_positions: list[Row] = field(default_factory=list)
    identity_revisions: list[Row] = field(default_factory=list)
    identity_changes: list[Row] = field(default_factory=list)
    appearances: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)

    def add_frame(self, record: MapPoints, origin: datetime) -> None:
        """Add a FRAME of map-points; ``origin`` is the wall-clock time of scene time zero."""
        for camera in record.cameras:
            time = origin + timedelta(microseconds=camera.event_time_us)
            self.camera_frames.append(_camera_frame(record, camera, time))
            self.track_points += [_track_point(record, camera, track, time) for track in camera.tracks]
        time = origin + timedelta(microseconds=record.event_time_us)
        self.person_positions += [_person_position(record, person, time) for person in record.people]

    def add_revision(self, record: IdentityRevision, recorded_at: datetime) -> None:
        """Add an identity revision with its changes in their order, and when Kafka got it."""
        self.identity_revisions.append((record.task_id, record.revision, record.global_frame_index, recorded_at))
        for ordinal, change in enumerate(record.changes):
            stretch = (change.first_frame_index, change.last_frame_index)
            identities = (change.old_global_id, change.new_global_id)
            self.identity_changes.append(
                (record.task_id, record.revision, ordinal, change.camera_id, change.track_id, *stretch, *identities)
            )

    def add_event(self, record: Event) -> None:
        """Add an event."""
        position = record.position
        place = (None, None) if position is None else (position.x_m, position.y_m)
        what = (record.task_id, record.event_id, record.type)
        when = (record.global_frame_index, record.event_time_us, record.end_frame_index, record.end_time_us)
        others = orjson.dumps(record.others).decode()
        who = (record.camera_id, record.track_id, record.global_id, record.seen_frame_index)
        details = orjson.dumps(record.details).decode()
        known = (record.identity_revision, others, record.class_name, record.place)
        self.events.append((*what, *when, *who, *known, *place, record.confidence, details))


def from_micros(time_us: int) -> datetime:
    """Turn microseconds since 1970 (UTC) into a time."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


def _camera_frame(record: MapPoints, camera: CameraMapPoints, time: datetime) -> Row:
    indices = (record.global_frame_index, camera.camera_frame_index)
    return (record.task_id, camera.camera_id, *indices, time, camera.image_width, camera.image_height)


def _track_point(record: MapPoints, camera: CameraMapPoints, track: MappedTrack, time: datetime) -> Row:
    key = (record.task_id, camera.camera_id, track.track_id, record.global_frame_index)
    box = (*track.bbox_xyxy, track.confidence, track.class_id, track.class_name)
    identity = (track.global_id, track.global_id, track.identity_confidence)
    revision = (record.identity_revision, record.identity_revision)
    return (*key, camera.camera_frame_index, time, *box, *identity, *revision, track.map_x_m, track.map_y_m)


def _person_position(record: MapPoints, person: PersonPosition, time: datetime) -> Row:
    motion = (person.x_m, person.y_m, person.vx_m_s, person.vy_m_s, person.std_m)
    key = (record.task_id, record.global_frame_index, person.global_id, time)
    uncorrected = 0
    return (*key, person.global_id, uncorrected, *motion, list(person.camera_ids))
