"""What stands in a log line: which record it is about, and never a payload or a secret."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr
from spoton_common import log_context
from spoton_common.errors import RejectedRecord
from spoton_common.log_context import Place
from spoton_common.logging import configure_logging, get_logger
from spoton_common.runtime.stage import KeyedStage, Output
from spoton_schemas.records import Frame, Kind
from spoton_schemas.topics import FRAMES

TRACE = "0af7651916cd43dd8448eb211c80319c"
PLACE = Place("frames", 3, 17, [("spoton-ledger", b"{}"), ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode())])


@pytest.fixture(autouse=True)
def clean_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    log_context.done()
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    """Call it to configure logging (within the test: pytest changes the handlers after fixtures), then to read."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    def configure() -> Any:
        configure_logging("test")
        return read

    return configure


def frame(tick: int) -> Frame:
    return Frame(
        task_id="t",
        environment_id="e",
        camera_id="c1",
        kind=Kind.FRAME,
        sub_video_batch_index=0,
        global_frame_index=tick,
        camera_frame_index=tick,
        event_time_us=0,
        jpeg=b"picture of somebody",
    )


class Talking:
    """Logs about each record, and refuses the second."""

    def feed(self, record: Frame) -> list[Output]:
        get_logger().info("seen", tick=record.global_frame_index)
        if record.global_frame_index == 1:
            raise RejectedRecord("unlucky", "one")
        return []

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        pass


def test_an_event_inside_a_stage_says_which_record_it_is_about(lines: Any) -> None:
    read = lines()
    records = [frame(0), frame(1)]
    log_context.feeding({id(records[0]): PLACE, id(records[1]): PLACE._replace(offset=18, headers=None)})
    list(KeyedStage(FRAMES, lambda _key: Talking()).feed(records))
    first, second = read()
    where = {"task": "t", "camera": "c1", "topic": "frames", "partition": 3}
    assert first.items() >= {**where, "offset": 17, "trace": TRACE, "service": "test", "tick": 0}.items()
    assert second.items() >= {**where, "offset": 18, "tick": 1}.items()
    assert "trace" not in second


def test_a_message_that_cannot_be_read_has_a_place_and_no_task(lines: Any) -> None:
    read = lines()
    log_context.reading(PLACE)
    get_logger().warning("unreadable")
    (event,) = read()
    assert event.items() >= {"topic": "frames", "partition": 3, "offset": 17, "trace": TRACE}.items()
    assert "task" not in event


def test_events_between_records_are_about_none(lines: Any) -> None:
    read = lines()
    log_context.reading(PLACE, frame(0))
    log_context.done()
    get_logger().info("partitions assigned")
    assert set(read()[0]) == {"service", "instance", "event", "level", "timestamp"}


def test_what_an_event_says_itself_has_precedence(lines: Any) -> None:
    read = lines()
    log_context.reading(PLACE, frame(0))
    get_logger().info("about another", offset=99)
    assert read()[0]["offset"] == 99


def test_lines_of_libraries_have_the_same_fields(lines: Any) -> None:
    read = lines()
    log_context.reading(PLACE, frame(0))
    logging.getLogger("some.package").warning("hm")
    assert read()[0].items() >= {"service": "test", "task": "t", "offset": 17, "logger": "some.package"}.items()


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("jpeg", b"\xff\xd8 a face", "[9 bytes]"),
        ("crops", [b"\xff\xd8", memoryview(b"abc")], ["[2 bytes]", "[3 bytes]"]),
        ("url", "postgresql://me:hunter2@host/db", "postgresql://me:[hidden]@host/db"),
        ("error", "cannot reach redis://:hunter2@host:1/0 now", "cannot reach redis://:[hidden]@host:1/0 now"),
        ("password", "hunter2", "[hidden]"),
        ("settings", {"s3_secret_key": "hunter2", "region": "eu"}, {"s3_secret_key": "[hidden]", "region": "eu"}),
        ("setting", SecretStr("hunter2"), "SecretStr('**********')"),
        ("detail", "x" * 5000, "x" * 2000 + "… [5000 characters]"),
    ],
)
def test_payloads_and_secrets_stay_out(lines: Any, field: str, value: Any, shown: Any) -> None:
    read = lines()
    get_logger().info("said", **{field: value})
    assert read()[0][field] == shown


def test_a_traceback_hides_passwords_in_addresses(lines: Any) -> None:
    read = lines()
    try:
        raise ConnectionError("postgresql://me:hunter2@host/db refused")
    except ConnectionError:
        get_logger().exception("loop failed")
    (event,) = read()
    assert "ConnectionError" in event["exception"]
    assert "hunter2" not in event["exception"]
