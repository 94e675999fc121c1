"""Pictures that the detector left out: who was there between two looks."""

from typing import Any

import pytest
from spoton_reid.stages.gaps import GapFiller
from spoton_schemas.records import Detections, Kind, Track


def picture(frame: int, kind: Kind = Kind.FRAME) -> Detections:
    common: dict[str, Any] = {"task_id": "t", "environment_id": "e", "camera_id": "c0", "kind": kind}
    return Detections(
        **common,
        sub_video_batch_index=0,
        global_frame_index=frame,
        camera_frame_index=frame,
        event_time_us=frame,
        observed=False,
    )


def person(track_id: int, x: float, y: float = 0.0, confidence: float = 0.9, visibility: float = 1.0) -> Track:
    return Track(
        track_id=track_id,
        bbox_xyxy=(x, y, x + 10, y + 30),
        confidence=confidence,
        class_id=0,
        class_name="person",
        visibility=visibility,
        embedding=b"\0\0\0\0",
    )


def left_edges(filled: Any) -> list[dict[int, float]]:
    return [{track.track_id: track.bbox_xyxy[0] for track in f.tracks} for f in filled]


def test_boxes_lie_on_the_line_between_two_looks() -> None:
    gaps = GapFiller()
    assert gaps.look(10, (person(1, 100, confidence=0.8, visibility=0.6),)) == []
    for frame in (11, 12, 13):
        assert gaps.hold(picture(frame)) == []
    filled = gaps.look(14, (person(1, 140, 8, confidence=0.5),))
    assert [f.record.camera_frame_index for f in filled] == [11, 12, 13]
    assert left_edges(filled) == [{1: 110}, {1: 120}, {1: 130}]
    (middle,) = filled[1].tracks
    assert middle.bbox_xyxy == (120, 4, 130, 34)
    assert middle.confidence == 0.5
    assert middle.visibility == pytest.approx(0.8)
    assert middle.embedding is None


def test_who_is_seen_once_is_there_for_half_the_gap() -> None:
    gaps = GapFiller()
    gaps.look(6, (person(1, 96),))
    gaps.look(8, (person(1, 100), person(2, 300)))
    for frame in (9, 10, 11):
        gaps.hold(picture(frame))
    filled = gaps.look(12, (person(2, 300), person(3, 500)))
    # The first one goes on as before, two pixels a frame; the third has no past to go by.
    assert left_edges(filled) == [{2: 300, 1: 102}, {2: 300, 1: 104}, {2: 300, 3: 500}]


def test_at_the_end_everybody_goes_on_as_before() -> None:
    gaps = GapFiller()
    gaps.look(0, (person(1, 0),))
    gaps.look(1, (person(1, 5), person(2, 50)))
    gaps.hold(picture(2))
    gaps.hold(picture(3))
    assert left_edges(gaps.finish()) == [{1: 10, 2: 50}, {1: 15, 2: 50}]
    assert gaps.finish() == []


def test_marks_keep_their_place_and_have_nobody() -> None:
    gaps = GapFiller()
    gaps.look(0, (person(1, 0),))
    gaps.hold(picture(1))
    gaps.hold(picture(2, Kind.END_OF_SEGMENT))
    gaps.hold(picture(2))
    filled = gaps.look(3, (person(1, 30),))
    assert [f.record.kind for f in filled] == [Kind.FRAME, Kind.END_OF_SEGMENT, Kind.FRAME]
    assert left_edges(filled) == [{1: 10}, {}, {1: 20}]


def test_a_camera_that_nobody_looks_at_does_not_hold_up_the_others() -> None:
    gaps = GapFiller()
    gaps.look(0, (person(1, 0),))
    released = [f for frame in range(1, 200) for f in gaps.hold(picture(frame))]
    assert len(released) > 100
    assert len(gaps.held) < 100
