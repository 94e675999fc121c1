"""What readers refuse: values outside of all bounds, fields that contradict each other, keys that do not fit."""

import math
import struct
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import fastavro
import msgspec
import pytest
from spoton_schemas.codec import Codec
from spoton_schemas.errors import (
    ImplausibleRecord,
    MisplacedRecord,
    MissingValue,
    OversizedRecord,
    UnknownSchema,
    UnreadableRecord,
    UnwritableRecord,
    WrongSchema,
)
from spoton_schemas.records import (
    Appearance,
    CameraIdentities,
    Command,
    CommandName,
    Detection,
    Detections,
    Environment,
    Frame,
    GlobalIds,
    IdentityChange,
    IdentityRevision,
    Kind,
    Scene,
    SceneCamera,
    Segment,
    Stage,
    StatusKind,
    TaskStart,
    TaskStatus,
    Track,
    Tracks,
)
from spoton_schemas.topics import (
    APPEARANCES,
    COMMANDS,
    DETECTIONS,
    ENVIRONMENTS,
    FRAMES,
    GLOBAL_IDS,
    IDENTITY_REVISIONS,
    MAX_RECORD_BYTES,
    SEGMENTS,
    TASK_STATUS,
    TOPICS,
    TRACKS,
)

NAN, INF = math.nan, math.inf
TASK = {"task_id": "t", "environment_id": "e"}
TICK = {
    **TASK,
    "kind": Kind.FRAME,
    "sub_video_batch_index": 0,
    "global_frame_index": 3,
    "event_time_us": 300_000,
}
CAMERA_TICK: dict[str, Any] = {**TICK, "camera_id": "c0", "camera_frame_index": 3}
SCENE = Scene("e", "E", 10.0, (SceneCamera("c0", ("file:///v.mp4",), 0.5, (1.0,) * 9), SceneCamera("c1")))
START = TaskStart(SCENE, ("c0", "c1"), 7)
SEGMENT = Segment(**TASK, camera_id="c0", sub_video_batch_index=0, uri="file:///a.mp4")
FRAME = Frame(**CAMERA_TICK, jpeg=b"x")
FRAME_START = replace(FRAME, kind=Kind.START, jpeg=None, start=START)
BOX = Detection(bbox_xyxy=(1.0, 2.0, 3.0, 4.0), confidence=0.5, class_id=0, class_name="person", crop=b"x")
FOUND = Detections(**CAMERA_TICK, detections=(BOX,))
TRACK = Track(
    track_id=1,
    bbox_xyxy=(1.0, 2.0, 3.0, 4.0),
    confidence=0.5,
    class_id=0,
    class_name="person",
    visibility=1.0,
    embedding=struct.pack("<4f", 0.5, 0.5, 0.5, 0.5),
)
TRACKED = Tracks(**CAMERA_TICK, tracks=(TRACK,))
CAMERA = CameraIdentities(camera_id="c0", camera_frame_index=3, event_time_us=3)
IDENTIFIED = GlobalIds(**TICK, cameras=(CAMERA,))
CHANGE = IdentityChange(camera_id="c0", track_id=1, first_frame_index=2, last_frame_index=3)
REVISION = IdentityRevision(**TASK, revision=1, global_frame_index=3, changes=(CHANGE,))
LOOK = Appearance(**TASK, global_id=1, global_frame_index=3, model="m", embedding=TRACK.embedding or b"", crops=1.0)
STATUS = TaskStatus(**TASK, stage=Stage.DETECTOR, kind=StatusKind.PROGRESS, camera_id="c0", frames_done=3)
COMMAND = Command(**TASK, command_id="1", command=CommandName.STOP)
ENVIRONMENT = Environment(SCENE)

GOOD = {
    SEGMENTS: (SEGMENT, replace(SEGMENT, start_time_s=12.5, camera_ids=("c0", "c1"), origin_us=1_700_000_000_000_000)),
    FRAMES: (FRAME, FRAME_START, replace(FRAME, event_time_us=-5, global_frame_index=2**33)),
    DETECTIONS: (
        FOUND,
        replace(FOUND, detections=(replace(BOX, bbox_xyxy=(-9.0, -3.0, 7.0, 2000.0), confidence=1.0),)),
    ),
    TRACKS: (TRACKED,),
    GLOBAL_IDS: (IDENTIFIED,),
    IDENTITY_REVISIONS: (REVISION,),
    APPEARANCES: (LOOK,),
    TASK_STATUS: (STATUS,),
    COMMANDS: (COMMAND,),
    ENVIRONMENTS: (ENVIRONMENT,),
}

BAD = [
    *((SEGMENTS, SEGMENT, {"task_id": bad}) for bad in ("", "../../etc", "a\0b", "x" * 201)),
    *((SEGMENTS, SEGMENT, {"camera_id": bad}) for bad in ("", "a/b", "a\nb")),
    *((SEGMENTS, SEGMENT, {"sub_video_batch_index": bad}) for bad in (-1, 2**31 - 1 + 1)),
    *((SEGMENTS, SEGMENT, {"start_time_s": bad}) for bad in (NAN, INF, -1.0, 1e300)),
    *((SEGMENTS, SEGMENT, {"origin_us": bad}) for bad in (-1, 2**62)),
    (SEGMENTS, SEGMENT, {"uri": "x" * 10_000}),
    (SEGMENTS, SEGMENT, {"camera_ids": ("c",) * 300}),
    *((FRAMES, FRAME, {"global_frame_index": bad}) for bad in (-1, 2**62)),
    *((FRAMES, FRAME, {"camera_frame_index": bad}) for bad in (-1, 2**62)),
    *((FRAMES, FRAME, {"event_time_us": bad}) for bad in (-(2**62), 2**62)),
    *((FRAMES, FRAME, {"image_width": bad}) for bad in (-1, 65536)),
    (FRAMES, FRAME, {"error": "x" * 70_000}),
    (FRAMES, FRAME_START, {"start": None}),
    (FRAMES, FRAME_START, {"camera_id": "c9"}),
    (FRAMES, FRAME_START, {"environment_id": "other"}),
    (FRAMES, FRAME_START, {"start": replace(START, camera_ids=())}),
    (FRAMES, FRAME_START, {"start": replace(START, camera_ids=("c0", "c9"))}),
    (FRAMES, FRAME_START, {"start": replace(START, camera_ids=("c0", "c0"))}),
    *(
        (FRAMES, FRAME_START, {"start": replace(START, scene=replace(SCENE, **change))})
        for change in (
            {"processing_fps": 0.0},
            {"processing_fps": -5.0},
            {"processing_fps": NAN},
            {"processing_fps": 1e9},
            {"cameras": ()},
            {"cameras": (SceneCamera("c0"), SceneCamera("c0"), SceneCamera("c1"))},
            {"cameras": (SceneCamera("c0", homography=(1.0,) * 8), SceneCamera("c1"))},
            {"cameras": (SceneCamera("c0", homography=(NAN,) * 9), SceneCamera("c1"))},
            {"cameras": (SceneCamera("c0", clock_offset_s=1e18), SceneCamera("c1"))},
        )
    ),
    *(
        (DETECTIONS, FOUND, {"detections": (replace(BOX, bbox_xyxy=bad),)})
        for bad in ((3.0, 2.0, 1.0, 4.0), (1.0, 4.0, 3.0, 2.0), (NAN,) * 4, (0.0, 0.0, INF, 1.0), (0.0, 0.0, 1e9, 1.0))
    ),
    *((DETECTIONS, FOUND, {"detections": (replace(BOX, confidence=bad),)}) for bad in (-0.1, 1.5, NAN)),
    (DETECTIONS, FOUND, {"detections": (replace(BOX, class_id=-1),)}),
    (DETECTIONS, FOUND, {"detections": (replace(BOX, crop=b"x" * 2_000_000),)}),
    (DETECTIONS, FOUND, {"detections": (replace(BOX, crop=None),) * 1001}),
    (TRACKS, TRACKED, {"tracks": (TRACK, TRACK)}),
    *(
        (TRACKS, TRACKED, {"tracks": (replace(TRACK, embedding=bad),)})
        for bad in (
            b"",
            b"abc",
            struct.pack("<f", NAN),
            struct.pack("<f", INF),
            struct.pack("<2f", 1, 1),
            b"\0" * 20_000,
        )
    ),
    *((TRACKS, TRACKED, {"tracks": (replace(TRACK, visibility=bad),)}) for bad in (-1.0, NAN)),
    *((TRACKS, TRACKED, {"tracks": (replace(TRACK, track_id=bad),)}) for bad in (-1, 2**40)),
    (GLOBAL_IDS, IDENTIFIED, {"cameras": (CAMERA, CAMERA)}),
    (GLOBAL_IDS, IDENTIFIED, {"cameras": (replace(CAMERA, camera_id="a/b"),)}),
    (GLOBAL_IDS, IDENTIFIED, {"identity_revision": -1}),
    (IDENTITY_REVISIONS, REVISION, {"changes": (replace(CHANGE, first_frame_index=4),)}),
    (APPEARANCES, LOOK, {"embedding": struct.pack("<f", NAN)}),
    (APPEARANCES, LOOK, {"crops": NAN}),
    (TASK_STATUS, STATUS, {"frames_done": -1}),
    (TASK_STATUS, STATUS, {"camera_ids": ("a/b",)}),
    (COMMANDS, COMMAND, {"command_id": ""}),
    (ENVIRONMENTS, ENVIRONMENT, {"scene": replace(SCENE, environment_id="\x07")}),
]


@pytest.mark.parametrize(("topic", "record"), [(t, r) for t, records in GOOD.items() for r in records])
def test_good_records_pass(codec: Codec, topic: Any, record: Any) -> None:
    assert codec.read(topic, topic.key(record).encode(), codec.encode(topic, record)) == record


@pytest.mark.parametrize(
    ("topic", "record", "changes"), BAD, ids=lambda value: str(value)[:60] if isinstance(value, dict) else ""
)
def test_values_that_make_no_sense_are_refused(codec: Codec, topic: Any, record: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ImplausibleRecord) as refused:
        codec.decode(topic, codec.encode(topic, replace(record, **changes)))
    assert refused.value.reason == "out_of_bounds"


def test_what_was_read_of_an_implausible_record_is_told(codec: Codec) -> None:
    with pytest.raises(ImplausibleRecord) as refused:
        codec.decode(SEGMENTS, codec.encode(SEGMENTS, replace(SEGMENT, sub_video_batch_index=-1)))
    assert refused.value.content["task_id"] == "t"


@pytest.mark.parametrize("key", [None, b"", b"t", b"t/c1", b"\xff\xfe", b"t/c0 "])
def test_a_key_that_does_not_fit_is_refused(codec: Codec, key: bytes | None) -> None:
    with pytest.raises(MisplacedRecord):
        codec.read(FRAMES, key, codec.encode(FRAMES, FRAME))


def test_a_tombstone_is_no_record(codec: Codec) -> None:
    with pytest.raises(MissingValue):
        codec.read(FRAMES, b"t/c0", None)


def test_a_record_of_another_topic_is_refused(codec: Codec) -> None:
    for topic in TOPICS.values():
        if topic is not COMMANDS:
            with pytest.raises(WrongSchema):
                codec.decode(topic, codec.encode(COMMANDS, COMMAND))


def test_bytes_behind_a_record_are_refused(codec: Codec) -> None:
    with pytest.raises(UnreadableRecord, match="2 bytes behind"):
        codec.decode(FRAMES, codec.encode(FRAMES, FRAME) + b"xx")


@pytest.mark.parametrize("schema_id", [2**31, 2**32 - 1])
def test_an_id_that_is_none_is_not_even_looked_up(codec: Codec, registry: Any, schema_id: int) -> None:
    registry.get_schema = None
    with pytest.raises(UnknownSchema):
        codec.decode(FRAMES, struct.pack(">bI", 0, schema_id) + b"x")


@pytest.mark.parametrize("text", ["{}", "[", '"nope"', '{"type": "record", "name": "x"}', '{"$schema": "json"}'])
def test_a_schema_that_is_no_avro_is_unknown(codec: Codec, registry: Any, text: str) -> None:
    registry.schemas.append(SimpleNamespace(schema_str=text))
    with pytest.raises((UnknownSchema, WrongSchema)):
        codec.decode(FRAMES, struct.pack(">bI", 0, 0) + b"x")


def test_wrong_types_under_the_right_name_are_refused(codec: Codec, registry: Any) -> None:
    schema = {"type": "record", "name": "spoton.Segment", "fields": [{"name": "task_id", "type": "long"}]}
    registry.schemas.append(SimpleNamespace(schema_str=msgspec.json.encode(schema).decode()))
    with pytest.raises(UnreadableRecord):
        codec.decode(SEGMENTS, struct.pack(">bI", 0, 0) + b"\x02")


def test_an_array_that_promises_too_much_ends_with_its_bytes(codec: Codec) -> None:
    data = bytearray(codec.encode(DETECTIONS, replace(FOUND, detections=())))
    place = data.rindex(b"\x00\x00\x00\x00")
    data[place : place + 1] = b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"  # 2^62 boxes
    with pytest.raises(UnreadableRecord):
        codec.decode(DETECTIONS, bytes(data))


def test_what_no_topic_takes_is_neither_read_nor_written(codec: Codec) -> None:
    with pytest.raises(OversizedRecord):
        codec.decode(FRAMES, b"\0" * (MAX_RECORD_BYTES + 1))
    with pytest.raises(UnwritableRecord):
        codec.encode(FRAMES, replace(FRAME, jpeg=b"x" * MAX_RECORD_BYTES))


def test_fastavro_names_schemas_as_the_check_expects() -> None:
    for topic in TOPICS.values():
        assert fastavro.parse_schema(topic.schema())["name"] == f"spoton.{topic.record_type.__name__}"
