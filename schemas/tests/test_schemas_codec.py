import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord, UnwritableRecord
from spoton_schemas.records import Detection, Detections, Event, Frame, Kind, Point, Scene, SceneCamera, TaskStart
from spoton_schemas.topics import DETECTIONS, EVENTS, FRAMES

TASK = {"task_id": "t", "environment_id": "e"}
SCENE = Scene("e", "E", 10.0, (SceneCamera("c0", ("file:///v.mp4",), 0.5, (1.0,) * 9),), zones=())
FRAME = Frame(
    **TASK,
    camera_id="c0",
    kind=Kind.FRAME,
    sub_video_batch_index=0,
    global_frame_index=3,
    camera_frame_index=3,
    event_time_us=300_000,
    image_width=4,
    image_height=2,
    jpeg=b"\xff\xd8",
)


def test_records_come_back_as_they_were(codec: Codec) -> None:
    start = replace(FRAME, kind=Kind.START, jpeg=None, start=TaskStart(SCENE, ("c0",), 7))
    person = Detection(bbox_xyxy=(0.5, 1.0, 2.0, 3.0), confidence=0.25, class_id=0, class_name="person", crop=b"x")
    found = Detections(
        **TASK,
        camera_id="c0",
        kind=Kind.FRAME,
        sub_video_batch_index=0,
        global_frame_index=3,
        camera_frame_index=3,
        event_time_us=300_000,
        detections=(person, replace(person, crop=None)),
    )
    event = Event(
        **TASK,
        event_id="1",
        type="picked_up",
        global_frame_index=1,
        event_time_us=1,
        position=Point(1, 2),
        details={"by": "hand"},
    )
    for topic, record in ((FRAMES, FRAME), (FRAMES, start), (DETECTIONS, found), (EVENTS, event)):
        assert codec.decode(topic, codec.encode(topic, record)) == record


def test_wire_format_is_confluents(codec: Codec, registry: Any) -> None:
    registry.schemas += [None] * 258
    assert codec.encode(FRAMES, FRAME)[:5] == bytes([0, 0, 0, 1, 2])


@pytest.mark.parametrize(
    "bad", [None, b"", b"\x00\x00", b"not avro at all", struct.pack(">bI", 0, 9), struct.pack(">bI", 1, 0) + b"x"]
)
def test_what_is_not_the_wire_format_is_unreadable(codec: Codec, bad: bytes | None) -> None:
    codec.encode(FRAMES, FRAME)
    with pytest.raises(UnreadableRecord):
        codec.decode(FRAMES, bad)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(broken=st.binary(max_size=200))
def test_broken_content_is_unreadable_and_nothing_worse(codec: Codec, broken: bytes) -> None:
    header = codec.encode(FRAMES, FRAME)[:5]
    try:
        record = codec.decode(FRAMES, header + broken)
    except UnreadableRecord:
        return
    assert isinstance(record, Frame)


def test_a_value_that_does_not_fit_is_unwritable(codec: Codec) -> None:
    with pytest.raises(UnwritableRecord):
        codec.encode(FRAMES, replace(FRAME, global_frame_index="three"))  # type: ignore[arg-type]


def test_positions_grow_along_a_stream() -> None:
    start = replace(FRAME, kind=Kind.START, global_frame_index=0)
    end_0 = replace(FRAME, kind=Kind.END_OF_SEGMENT, global_frame_index=4)
    first_of_1 = replace(FRAME, sub_video_batch_index=1, global_frame_index=4)
    end_1 = replace(first_of_1, kind=Kind.END_OF_SEGMENT, global_frame_index=5)
    empty_2 = replace(end_1, sub_video_batch_index=2)
    end = replace(empty_2, kind=Kind.END_OF_TASK)
    stream = [start, replace(FRAME, global_frame_index=0), FRAME, end_0, first_of_1, end_1, empty_2, end]
    positions = [FRAMES.position(record) for record in stream]
    assert positions == sorted(set(positions))
