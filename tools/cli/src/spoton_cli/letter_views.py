"""Dead letters for people and for programs."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from rich.table import Column, Table
from spoton_common.kafka.headers import HeaderList
from spoton_schemas.codec import Codec
from spoton_schemas.errors import ImplausibleRecord, UnreadableRecord
from spoton_schemas.topics import TOPICS

from spoton_cli.dead_letters import Letter
from spoton_cli.records import without_bytes

_SHOWN_BYTES = 256


def as_row(letter: Letter, redriven: bool) -> dict[str, Any]:
    """Return what `list` tells of a letter."""
    burial = letter.burial
    return {
        "id": letter.id,
        "topic": burial.topic,
        "partition": burial.partition,
        "offset": burial.offset,
        "stage": burial.stage,
        "reason": burial.reason,
        "detail": burial.detail,
        "key": None if letter.key is None else letter.key.decode(errors="backslashreplace"),
        "time": letter.written_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "bytes": len(letter.value or b""),
        "cut_bytes": burial.cut_bytes,
        "times_redriven": letter.times_redriven,
        "redriven": redriven,
    }


def as_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Draw a table of rows."""
    table = Table(
        Column("id", no_wrap=True),
        "time",
        "stage",
        Column("reason", no_wrap=True),
        "from",
        Column("key", overflow="fold"),
        Column("bytes", justify="right"),
        "redriven",
        box=None,
    )
    for row in rows:
        origin = f"{row['topic']}/{row['partition']}@{row['offset']}"
        again = "yes" if row["redriven"] else f"came back ({row['times_redriven']})" if row["times_redriven"] else ""
        key = "(none)" if row["key"] is None else printable(row["key"])
        cells = (row["id"], row["time"][:19], row["stage"], row["reason"], origin, key, str(row["bytes"]), again)
        table.add_row(*map(str, cells))
    return table


def printable(text: str) -> str:
    """Replace what a terminal would obey, and cut what is too long for a line."""
    clean = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:200])
    return clean + ("…" if len(text) > 200 else "")


def content_of(letter: Letter, codec: Codec) -> str:
    """Return a letter's value as JSON where it can be read, else as a hexdump of its beginning."""
    topic = TOPICS.get(letter.burial.topic)
    if letter.value is None:
        return "(no value)"
    if topic is not None:
        try:
            record: Any = msgspec.to_builtins(codec.decode(topic, letter.value), builtin_types=(bytes,))
        except ImplausibleRecord as error:
            record = error.content
        except UnreadableRecord:
            record = None
        if record:
            return json.dumps(without_bytes(record), ensure_ascii=True, indent=1, default=str)
    return hexdump(letter.value)


def hexdump(data: bytes) -> str:
    """Write the first bytes, 16 a line, in hexadecimal and as text."""
    lines = []
    for start in range(0, min(len(data), _SHOWN_BYTES), 16):
        part = data[start : min(start + 16, _SHOWN_BYTES)]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:08x}  {part.hex(' '):<47}  {text}")
    if len(data) > _SHOWN_BYTES:
        lines.append(f"… {len(data)} bytes in all")
    return "\n".join(lines) or "(empty)"


def header_lines(headers: HeaderList) -> list[str]:
    """Write headers, one a line."""
    return [
        f"{printable(name)}: {'(null)' if data is None else printable(data.decode(errors='backslashreplace'))}"
        for name, data in headers
    ]
