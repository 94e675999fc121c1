from datetime import UTC, datetime, timedelta

import pytest
from spoton_cli.dead_letter_commands import app
from spoton_cli.dead_letters import Filter, Letter, parse_id, parse_since
from spoton_cli.errors import CommandError
from spoton_cli.letter_views import header_lines, hexdump, printable
from spoton_common.kafka.dead_letters import Burial, unbury
from typer.testing import CliRunner

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
BURIAL = Burial("ingest", "unreadable", "no schema", "segments", 2, 17)


def letter(headers: list[tuple[str, bytes | None]] | None = None, burial: Burial = BURIAL) -> Letter:
    return Letter(0, 5, NOW, b"t/c0", b"x", headers or [], burial)


def test_a_burial_comes_back_from_headers_and_leaves_the_records_own_alone() -> None:
    own: list[tuple[str, bytes | None]] = [
        ("a", b"1"),
        ("a", None),
        ("spoton-stage", b"mine"),
        ("spoton-reason", b"\xff"),
    ]
    assert unbury([*own, *BURIAL.headers()]) == (own, BURIAL)


@pytest.mark.parametrize("headers", [[], [("spoton-stage", b"x")], [("x", b"1")]])
def test_headers_that_no_stage_wrote_are_no_burial(headers: list[tuple[str, bytes | None]]) -> None:
    assert unbury(headers) == (headers, None)


def test_a_detail_with_any_characters_fits() -> None:
    burial = Burial("ingest", "unreadable", "\ud800" + "ü" * 5000, "segments", 0, 0, 12)
    _, found = unbury(burial.headers())
    assert found is not None
    assert (len(found.detail), found.cut_bytes) == (1000, 12)


@pytest.mark.parametrize(
    ("text", "age"),
    [("90s", timedelta(seconds=90)), ("30m", timedelta(minutes=30)), ("7d", timedelta(days=7))],
)
def test_since_takes_ages(text: str, age: timedelta) -> None:
    assert parse_since(text, NOW) == NOW - age


def test_since_takes_times() -> None:
    assert parse_since("2026-04-30T10:00", NOW) == datetime(2026, 4, 30, 10, tzinfo=UTC)
    assert parse_since("2026-04-30T10:00+02:00", NOW) == datetime(2026, 4, 30, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "5", "3w", "-2h"])
def test_other_texts_are_no_since(text: str) -> None:
    with pytest.raises(CommandError, match="--since"):
        parse_since(text, NOW)


@pytest.mark.parametrize("text", ["", "7", "0:", "a:b", "0:-1", "0:1:2", "0:" + "9" * 30])
def test_other_texts_are_no_ids(text: str) -> None:
    with pytest.raises(CommandError, match="0:17"):
        parse_id(text)


def test_filters_add_up() -> None:
    assert Filter().admits(letter())
    assert Filter(reason="unreadable", topic="segments", stage="ingest", since=NOW).admits(letter())
    assert not Filter(reason="wrong_key").admits(letter())
    assert not Filter(since=NOW + timedelta(seconds=1)).admits(letter())


@pytest.mark.parametrize(("value", "times"), [(b"2", 2), (b"-1", 0), (b"many", 0), (None, 0), (b"9" * 20, 0)])
def test_redrives_are_counted_by_what_the_header_says(value: bytes | None, times: int) -> None:
    assert letter([("spoton-redriven", value)]).times_redriven == times


def test_a_terminal_is_told_nothing_that_it_would_obey() -> None:
    assert printable("\x1b[2J\n") == "\\x1b[2J\\n"
    assert header_lines([("a\r", b"\x1b\xff"), ("b", None)]) == ["a\\r: \\x1b\\xff", "b: (null)"]


def test_a_hexdump() -> None:
    assert hexdump(b"spoton\x00") == "00000000  73 70 6f 74 6f 6e 00                             spoton."
    assert hexdump(b"x" * 300).endswith("… 300 bytes in all")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["redrive"], "say which letters"),
        (["redrive", "0:1", "--reason", "x"], "either ids or filters"),
        (["redrive", "--topic", "nope"], "there is no topic 'nope'"),
        (["list", "--since", "soon"], "--since 'soon'"),
    ],
)
def test_mistakes_get_a_sentence(arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spoton_cli.dead_letters.connections", lambda: None)
    monkeypatch.setattr("spoton_cli.dead_letters.DeadLetters.redriven", lambda _self: set())
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, CommandError)
    assert message in str(result.exception)
