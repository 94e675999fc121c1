"""The parts that need no server."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import spoton_gateway.__main__
from fastapi.testclient import TestClient
from spoton_common.settings import Connections, FileAccess, S3Settings
from spoton_gateway.__main__ import is_loopback
from spoton_gateway.access import origin_pattern
from spoton_gateway.app import create_app
from spoton_gateway.errors import BadCursor, RangeBeyondEnd
from spoton_gateway.exports.formats import csv_lines, mot_line
from spoton_gateway.media.delivery import content_type
from spoton_gateway.media.ranges import ByteRange, etag_matches, parse_range, range_applies
from spoton_gateway.progress import fraction_done
from spoton_gateway.settings import GatewaySettings
from spoton_gateway.task_service import announcement
from spoton_gateway.ws.cursor import Cursor
from spoton_gateway.ws.merge import Merge, Received
from spoton_gateway.ws.replies import reply_to
from spoton_gateway.ws.story import Story
from spoton_schemas.records import SceneCamera, Segment, StatusKind
from spoton_schemas.topics import MAP_POINTS, TASK_STATUS

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_cursor_reads_what_it_wrote():
    cursor = Cursor(1, 2, 3, 4).at(TASK_STATUS.name, 9)
    assert str(cursor) == "1.9.3.4.0"
    assert Cursor.parse(str(cursor)) == cursor
    assert Cursor.parse(str(cursor.partly(9, 1))).sent == 1
    assert cursor.offset(MAP_POINTS.name) == 1


@pytest.mark.parametrize("text", ["", "1", "1.2.3.4", "1.2.3.4.5.6", "1.2.3.4.x", "-1.2.3.4.5", "٣.1.1.1.1", "9" * 30])
def test_other_texts_are_no_cursors(text):
    with pytest.raises(BadCursor):
        Cursor.parse(text)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-0", ByteRange(0, 0)),
        ("BYTES=2-", ByteRange(2, 9)),
        ("bytes=-3", ByteRange(7, 9)),
        ("bytes=-30", ByteRange(0, 9)),
        ("bytes=5-99", ByteRange(5, 9)),
        ("bytes=-", None),
        ("bytes=5-2", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
    ],
)
def test_ranges_of_ten_bytes(header, expected):
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=0-", 0), ("bytes=-0", 10), ("bytes=-1", 0)])
def test_ranges_beyond_the_end(header, size):
    with pytest.raises(RangeBeyondEnd):
        parse_range(header, size)


def test_entity_tags():
    assert range_applies(None, '"a"')
    assert range_applies('"a"', '"a"')
    assert not range_applies('W/"a"', '"a"')
    assert not range_applies("Sat, 21 Nov 2026 07:00:00 GMT", '"a"')
    assert etag_matches('"x", W/"a"', '"a"')
    assert not etag_matches(None, '"a"')


def test_content_types():
    assert content_type("a.MP4") == "video/mp4"
    assert content_type("floor.png") == "image/png"
    assert content_type("noname") == "application/octet-stream"


@pytest.mark.parametrize(
    ("host", "safe"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("192.168.0.4", False), ("x", False)],  # noqa: S104
)
def test_only_loopback_is_served(host, safe):
    assert is_loopback(host) is safe


@pytest.mark.parametrize(
    ("internal_host", "asked", "status"),
    [("", "localhost", 200), ("", "gateway", 400), ("gateway", "gateway", 200), ("gateway", "evil.example", 400)],
)
def test_a_gateway_answers_to_its_own_names_only(internal_host, asked, status):
    settings = GatewaySettings(internal_host=internal_host)
    client = TestClient(create_app(Connections(), settings, FileAccess(), S3Settings()), base_url=f"http://{asked}")
    assert client.get("/metrics").status_code == status  # not entered: it connects to nothing


def test_a_gateway_for_other_machines_does_not_start(monkeypatch):
    monkeypatch.setenv("SPOTON_HTTP_HOST", "0.0.0.0")  # noqa: S104
    monkeypatch.setattr(spoton_gateway.__main__, "configure_logging", lambda *_: None)
    assert spoton_gateway.__main__.main([]) == 2


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:5173", True),
        ("https://127.0.0.1", True),
        ("http://[::1]:80", True),
        ("https://cams.example", True),
        ("https://cams.example:8443", False),
        ("https://cams-example", False),
        ("http://localhost.evil.example", False),
        ("http://evil.example#localhost", False),
        ("null", False),
    ],
)
def test_origins_of_pages(origin, allowed):
    pattern = origin_pattern(["localhost", "127.0.0.1", "::1"], ["https://cams.example/"])
    assert (re.fullmatch(pattern, origin) is not None) is allowed


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (None, "binary"),
        ("", "not_json"),
        ("{", "not_json"),
        ("[" * 4000, "not_json"),
        ("[]", "no_type"),
        ('{"type": 1}', "no_type"),
        ('{"type": "subscribe"}', "unknown_type"),
    ],
)
def test_what_a_client_must_not_say(said, reason):
    reply = reply_to(said)
    assert not reply.understood
    assert json.loads(reply.text)["payload"]["reason"] == reason


def test_a_page_may_ask_whether_the_gateway_is_there():
    assert reply_to('{"type": "ping"}').understood
    assert json.loads(reply_to('{"type": "ping"}').text)["type"] == "pong"


def test_a_line_of_motchallenge():
    row = {"camera_frame_index": 0, "id": 4, "x1_px": 1.0, "y1_px": 2.0, "x2_px": 4.5, "y2_px": 12.0}
    assert (
        mot_line({**row, "confidence": 0.5, "x_m": None, "y_m": None}) == "1,4,1.00,2.00,3.50,10.00,0.5000,-1,-1,-1\n"
    )
    assert mot_line({**row, "confidence": 0.5, "x_m": 0.25, "y_m": -3.0}).endswith(",0.2500,-3.0000,-1\n")


def test_csv_quotes_and_leaves_gaps():
    assert csv_lines([{"a": None, "b": 'x,"y"', "c": ["c1", "c2"], "d": NOW}]) == (
        ',"x,""y""",c1 c2,2026-01-01T00:00:00+00:00\n'
    )


def test_progress_is_estimated_from_the_videos_known():
    assert fraction_done(0, 0, 0, None) == 0
    assert fraction_done(50, 100, 1, 4) == 0.125
    assert fraction_done(50, 100, 1, None) == 0.5
    assert fraction_done(200, 100, 1, 1) == 1


def test_segments_are_announced_batch_by_batch():
    cameras = [SceneCamera("b", ("s3://v/b0", "s3://v/b1")), SceneCamera("a", ("s3://v/a0",))]
    (_, accepted), *segments = announcement("t", "yard", cameras, 5)
    assert accepted.kind is StatusKind.ACCEPTED
    assert accepted.camera_ids == ("a", "b")
    found = [record for _, record in segments]
    assert all(isinstance(record, Segment) and record.origin_us == 5 for record in found)
    assert [(s.uri, s.sub_video_batch_index, s.last) for s in found] == [
        ("s3://v/b0", 0, False),
        ("s3://v/a0", 0, True),
        ("s3://v/b1", 1, True),
    ]


def story(script) -> Story:
    return Story.of(script.task_id, script.environment_id, frozenset(), None)


def media_of(messages):
    return [
        (m.payload["sub_video_batch_index"], [e["camera_id"] for e in m.payload["media_urls"]])
        for m in messages
        if m.type == "media_available"
    ]


def test_a_batch_waits_for_all_cameras(script):
    told = story(script)
    assert media_of(told.task_status(script.media("c1", 0))) == []  # the cameras are not known yet
    assert media_of(told.task_status(script.accepted())) == []
    assert media_of(told.task_status(script.media("c2", 0, last=True))) == [(0, ["c1", "c2"])]
    assert media_of(told.task_status(script.media("c1", 1, last=True))) == [(1, ["c1"])]  # c2 has no more


def test_a_failed_camera_is_left_out_until_it_goes_on_after_all(script):
    told = story(script)
    told.task_status(script.accepted())
    told.task_status(script.media("c1", 0))
    assert media_of(told.task_status(script.camera_failed("c2", "cut short"))) == [(0, ["c1"])]
    assert media_of(told.task_status(script.media("c2", 0))) == [(0, ["c1", "c2"])]


def test_a_file_name_that_comes_twice_is_told_with_its_batch(script):
    told = story(script)
    told.task_status(script.accepted())
    told.task_status(script.camera_failed("c2", "gone"))
    again = script.media("c1", 1)
    again = replace(again, media=replace(again.media, sub_video_filename="a.mp4"))
    urls = [
        entry["url"]
        for status in (script.media("c1", 0), again)
        for message in told.task_status(status)
        if message.type == "media_available"
        for entry in message.payload["media_urls"]
    ]
    assert [url.rpartition("/")[2] for url in urls] == ["a.mp4", "a.mp4?batch=1"]


def test_the_end_waits_for_its_revisions_and_events(script):
    told = story(script)
    told.map_points(script.end(3, revision=2), NOW, {})
    assert told.ending is None
    assert told.event(script.end_of_events(3)) == []
    assert told.ending is None
    told.identity_revision(script.revision(1))
    assert told.ending is None
    told.identity_revision(script.revision(2))
    assert told.ending.status == "COMPLETED"
    assert told.identity_revision(script.revision(2)) == []


def test_the_end_waits_for_the_last_event(script):
    told = story(script)
    told.map_points(script.end(3), NOW, {})
    assert told.ending is None
    told.event(script.end_of_events(3))
    assert told.ending.status == "COMPLETED"


def test_a_task_without_media_ends_with_its_last_camera(script):
    told = story(script)
    told.task_status(script.accepted())
    told.task_status(script.camera_failed("c1", "no environment"))
    assert told.ending is None
    told.task_status(script.camera_failed("c2", "no environment"))
    assert told.ending.status == "FAILED"


def test_a_task_that_nobody_announced_fails_and_goes_on_if_another_camera_turns_up(script):
    told = story(script)
    (message,) = told.task_status(script.camera_failed("c1", "environment 'nowhere' is not registered"))
    assert (message.type, message.payload["status"]) == ("status_update", "FAILED")
    assert message.payload["message"] == "environment 'nowhere' is not registered"
    assert told.ending.status == "FAILED"
    assert told.may_go_on
    told.task_status(script.media("c2", 0))
    assert told.ending is None
    assert not told.may_go_on


def test_a_task_whose_segment_names_its_cameras_fails_for_good_with_the_last_of_them(script):
    told = story(script)
    told.task_status(script.status(StatusKind.CAMERA_FAILED, camera_id="c1", camera_ids=("c1",), message="no"))
    assert told.ending.status == "FAILED"
    assert not told.may_go_on


def received(topic: str, offset: int, time_ms: int) -> Received:
    return Received(topic, offset, time_ms, f"{topic}@{offset}", {})


def test_the_past_is_told_in_the_order_of_time():
    merge = Merge({"a": 0, "b": 5}, {"a": 2, "b": 6})
    merge.add(received("a", 0, 30))
    merge.reached("a", 1)
    assert list(merge.ready()) == []  # b may still bring something older
    merge.add(received("b", 5, 10))
    merge.reached("b", 6)
    assert [r.record for r in merge.ready()] == ["b@5", "a@0"]
    assert not merge.caught_up
    merge.reached("a", 2)  # another task's record
    assert merge.caught_up
    merge.add(received("b", 6, 5))
    assert [r.record for r in merge.ready()] == ["b@6"]
