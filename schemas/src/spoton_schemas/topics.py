"""Topics: their names, record types, keys, and the order of records within a stream."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Generic, TypeVar

import fastavro.schema
import yaml

from spoton_schemas.records import (
    Appearance,
    Command,
    Detections,
    Environment,
    Event,
    Frame,
    GlobalIds,
    IdentityRevision,
    Kind,
    MapPoints,
    Segment,
    TaskHabits,
    TaskStatus,
    Tracks,
)

R = TypeVar("R")

MAX_RECORD_BYTES = 8 * 1024 * 1024
"""Largest record that the broker takes: a 4K picture as JPEG with room to spare."""

MAX_DEAD_LETTER_BYTES = MAX_RECORD_BYTES + 65536
"""A record of any topic, and beside it the headers that say why it was set aside."""

Position = tuple[int, int, int]
"""Where a record stands in its stream: (tick, rank of its kind, batch); grows from record to record."""

END_RANK = 2
"""Rank of the last record of a stream."""

_RANK = {Kind.START: -1, Kind.END_OF_SEGMENT: 0, Kind.FRAME: 1, Kind.END_OF_TASK: END_RANK}


@dataclass(frozen=True, slots=True)
class Topic(Generic[R]):
    """A topic and how to place its records.

    ``key`` gives the Kafka key; ``stream`` names the sequence within which ``position`` only grows.
    """

    name: str
    record_type: type[R]
    key: Callable[[R], str]
    stream: Callable[[R], str]
    position: Callable[[R], Position]

    @property
    def subject(self) -> str:
        """Subject of the value's schema in the registry."""
        return f"{self.name}-value"

    def schema(self) -> dict[str, Any]:
        """Return the Avro schema with all named types written out."""
        return _schema(self.name)


@cache
def _schema(name: str) -> dict[str, Any]:
    path = files("spoton_schemas") / "avro" / f"{name}.avsc"
    schema = fastavro.schema.load_schema(str(path), _write_hint=False)
    assert isinstance(schema, dict)
    return schema


def _camera_key(record: Segment | Frame | Detections | Tracks) -> str:
    return f"{record.task_id}/{record.camera_id}"


def _task_key(
    record: Tracks | GlobalIds | IdentityRevision | MapPoints | Appearance | Event | TaskStatus | Command,
) -> str:
    return record.task_id


def _tick_position(record: Frame | Detections | Tracks | GlobalIds | MapPoints) -> Position:
    return (record.global_frame_index, _RANK[record.kind], record.sub_video_batch_index)


def _unordered(_: Any) -> Position:
    return (0, 0, 0)


SEGMENTS = Topic("segments", Segment, _camera_key, _camera_key, lambda r: (r.sub_video_batch_index, 0, 0))
FRAMES = Topic("frames", Frame, _camera_key, _camera_key, _tick_position)
DETECTIONS = Topic("detections", Detections, _camera_key, _camera_key, _tick_position)
TRACKS = Topic("tracks", Tracks, _task_key, _camera_key, _tick_position)
GLOBAL_IDS = Topic("global-ids", GlobalIds, _task_key, _task_key, _tick_position)
IDENTITY_REVISIONS = Topic("identity-revisions", IdentityRevision, _task_key, _task_key, lambda r: (r.revision, 0, 0))
MAP_POINTS = Topic("map-points", MapPoints, _task_key, _task_key, _tick_position)
APPEARANCES = Topic(
    "appearances",
    Appearance,
    _task_key,
    lambda r: f"{r.task_id}/{r.global_id}",
    lambda r: (r.global_frame_index, 0, 0),
)
EVENTS = Topic("events", Event, _task_key, lambda r: r.event_id, _unordered)
HABITS = Topic(
    "habits",
    TaskHabits,
    lambda r: f"{r.environment_id}/{r.task_id}",
    lambda r: f"{r.environment_id}/{r.task_id}",
    _unordered,
)
TASK_STATUS = Topic("task-status", TaskStatus, _task_key, _task_key, _unordered)
COMMANDS = Topic("commands", Command, _task_key, lambda r: r.command_id, _unordered)
ENVIRONMENTS = Topic(
    "environments",
    Environment,
    lambda r: r.scene.environment_id,
    lambda r: r.scene.environment_id,
    _unordered,
)

TOPICS: dict[str, Topic[Any]] = {
    topic.name: topic
    for topic in (
        SEGMENTS,
        FRAMES,
        DETECTIONS,
        TRACKS,
        GLOBAL_IDS,
        IDENTITY_REVISIONS,
        MAP_POINTS,
        APPEARANCES,
        EVENTS,
        HABITS,
        TASK_STATUS,
        COMMANDS,
        ENVIRONMENTS,
    )
}

DEAD_LETTERS = "dead-letters"

REDRIVES = "dead-letters-redriven"
"""Which records were sent again from the dead letters: key "topic/partition/offset", value the letter's id."""


def state_topic(stage: str) -> str:
    """Name of the compacted topic that keeps a stage's snapshots."""
    return f"state-{stage}"


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """How a topic is kept by the broker; limits are per partition, None is no limit."""

    name: str
    partitions: int
    has_schema: bool
    config: dict[str, str]


def topic_settings() -> list[TopicSettings]:
    """Read ``topics.yaml``."""
    text = (files("spoton_schemas") / "topics.yaml").read_text(encoding="utf-8")
    return [_settings(name, entry) for name, entry in yaml.safe_load(text)["topics"].items()]


def _settings(name: str, entry: dict[str, Any]) -> TopicSettings:
    config = {
        "max.message.bytes": str(MAX_DEAD_LETTER_BYTES if name == DEAD_LETTERS else MAX_RECORD_BYTES),
        # Times are the broker's, so that those of different producers can be compared whatever their clocks say.
        "message.timestamp.type": "LogAppendTime",
    }
    if entry.get("compacted"):
        # Small segments let compaction drop old snapshots soon; the newest segment is never compacted.
        config |= {
            "cleanup.policy": "compact",
            "segment.bytes": "67108864",
            "min.cleanable.dirty.ratio": "0.2",
        }
        if "retention_ms" in entry:
            config |= {"cleanup.policy": "compact,delete", "retention.ms": str(entry["retention_ms"])}
    else:
        config |= {
            "retention.ms": str(entry.get("retention_ms", -1)),
            "retention.bytes": str(entry.get("retention_bytes", -1)),
        }
    return TopicSettings(name, entry["partitions"], "schema" not in entry, config)
