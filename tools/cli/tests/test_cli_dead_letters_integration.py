"""Dead letters on a real broker: seen, sent again as they came, and never twice."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from spoton_cli import dead_letter_commands, dead_letters
from spoton_cli.dead_letters import DeadLetters, Filter, Letter
from spoton_cli.errors import NoSuchLetter
from spoton_common.kafka.dead_letters import bury
from spoton_common.kafka.producer import RecordProducer
from spoton_local import Connections
from spoton_schemas.codec import Codec
from spoton_schemas.records import Segment
from spoton_schemas.topics import MAX_RECORD_BYTES, SEGMENTS
from typer.testing import CliRunner

pytestmark = pytest.mark.integration

SEGMENT = Segment(task_id="t", environment_id="e", camera_id="c0", sub_video_batch_index=0, uri="file:///a.mp4")


class Came:
    """A message as a consumer gives it."""

    def __init__(self, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]) -> None:
        self._parts = {"key": key, "value": value, "headers": headers, "partition": 3}
        self._parts |= {"topic": "segments", "offset": uuid.uuid4().int % 10**12}

    def __getattr__(self, name: str) -> Callable[[], Any]:
        return lambda: self._parts[name]


@pytest.fixture(autouse=True)
def _here(stack: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "connections", lambda: stack)
    monkeypatch.setattr(dead_letter_commands, "connections", lambda: stack)


@pytest.fixture
def reason() -> str:
    """A reason of the test's own."""
    return f"test_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def producer(stack: Connections) -> RecordProducer:
    return RecordProducer(stack.kafka_bootstrap, Codec.connect(stack.registry_url))


@pytest.fixture
def lay(producer: RecordProducer, reason: str, stack: Connections) -> Callable[..., Letter]:
    """Lay a record among the dead letters and return it as the command sees it."""

    def lay(
        value: bytes | None, key: bytes | None = b"t/c0", headers: list[tuple[str, bytes | None]] | None = None
    ) -> Letter:
        bury(producer, "test", Came(key, value, headers or []), reason, "because")  # type: ignore[arg-type]
        producer.flush()
        return list(DeadLetters(stack).read(Filter(reason=reason)))[-1]

    return lay


@pytest.fixture
def segments(stack: Connections) -> Iterator[Callable[[], list[Any]]]:
    """Return what was written to `segments` since the test began."""
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": "unused", "enable.auto.commit": False})
    places = [TopicPartition("segments", n) for n in consumer.list_topics("segments", 10).topics["segments"].partitions]
    starts = {p.partition: consumer.get_watermark_offsets(p, 10)[1] for p in places}

    def read() -> list[Any]:
        found = []
        for place in places:
            high = consumer.get_watermark_offsets(place, 10)[1]
            consumer.assign([TopicPartition("segments", place.partition, starts[place.partition])])
            found += [consumer.poll(10) for _ in range(high - starts[place.partition])]
        return found

    yield read
    consumer.close()


def spoton(*arguments: str, answer: str = "") -> Any:
    return CliRunner().invoke(dead_letter_commands.app, list(arguments), input=answer, env={"COLUMNS": "200"})


def test_a_letter_is_kept_as_it_came(lay: Callable[..., Letter]) -> None:
    headers: list[tuple[str, bytes | None]] = [("a", b"\xff"), ("a", None), ("spoton-stage", b"forged")]
    for key, value in ((None, b"\x00\xff"), (b"\xff", b""), (b"", None)):
        letter = lay(value, key, headers)
        assert (letter.key, letter.value, letter.headers) == (key, value, headers)
        assert (letter.burial.stage, letter.burial.topic, letter.burial.partition) == ("test", "segments", 3)


def test_a_record_of_the_largest_size_fits_and_a_larger_one_is_cut(lay: Callable[..., Letter]) -> None:
    whole = lay(b"x" * (MAX_RECORD_BYTES - 4))
    assert whole.burial.cut_bytes is None
    assert len(whole.value or b"") == MAX_RECORD_BYTES - 4
    cut = lay(b"x" * MAX_RECORD_BYTES, headers=[("h", b"y" * 1000)] * 50)
    assert cut.burial.cut_bytes == MAX_RECORD_BYTES + 4 + 50 * 1001
    assert len(cut.value or b"") == 4096
    refused = spoton("redrive", cut.id, "--yes")
    assert "too large to have been kept whole" in refused.output


def test_letters_are_listed_and_shown(lay: Callable[..., Letter], reason: str, stack: Connections) -> None:
    readable = lay(Codec.connect(stack.registry_url).encode(SEGMENTS, SEGMENT), headers=[("who", b"me\x1b")])
    rubbish = lay(b"rubbish\x00")
    listed = spoton("list", "--reason", reason)
    assert listed.exit_code == 0, listed.output
    assert readable.id in listed.output
    assert rubbish.id in listed.output
    shown = spoton("show", readable.id)
    assert '"uri": "file:///a.mp4"' in shown.output
    assert "header   who: me\\x1b" in shown.output
    assert "72 75 62 62 69 73 68 00" in spoton("show", rubbish.id).output
    assert spoton("list", "--reason", reason, "--stage", "nobody", "--json").stdout == ""


def test_an_unknown_letter_is_told() -> None:
    for name in ("0:999999999", "7:0"):
        assert isinstance(spoton("show", name).exception, NoSuchLetter)


def test_a_letter_is_sent_as_it_came_and_never_twice(
    lay: Callable[..., Letter], reason: str, segments: Callable[[], list[Any]]
) -> None:
    letter = lay(b"\x00again", b"t/c0", [("a", b"1"), ("a", None)])
    assert spoton("redrive", letter.id, answer="n\n").exit_code == 1
    assert segments() == []
    assert "1 records sent again" in spoton("redrive", "--reason", reason, answer="y\n").output
    (sent,) = segments()
    assert (sent.key(), sent.value()) == (b"t/c0", b"\x00again")
    assert sent.headers() == [("a", b"1"), ("a", None), ("spoton-redriven", b"1")]
    assert "1 sent again before" in spoton("redrive", letter.id, "--yes").output
    assert len(segments()) == 1
    assert "1 records sent again" in spoton("redrive", letter.id, "--yes", "--again").output
    assert len(segments()) == 2


def test_a_letter_that_came_back_does_not_go_round(
    lay: Callable[..., Letter], reason: str, segments: Callable[[], list[Any]]
) -> None:
    letter = lay(b"\x00x", headers=[("spoton-redriven", b"2")])
    assert "came back (2)" in spoton("list", "--reason", reason).output
    assert "came back after they were sent again" in spoton("redrive", "--reason", reason, "--yes").output
    assert segments() == []
    spoton("redrive", letter.id, "--yes", "--again")
    assert segments()[0].headers() == [("spoton-redriven", b"3")]
