"""Records that a stage cannot use, kept as they came with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import Message
from spoton_schemas.topics import DEAD_LETTERS, MAX_RECORD_BYTES

from spoton_common import metrics
from spoton_common.kafka.headers import HeaderList, read_headers
from spoton_common.kafka.producer import RecordProducer
from spoton_common.logging import get_logger

_log = get_logger()

REDRIVEN = "spoton-redriven"
"""Header of a record that was sent again: how many times it has been among the dead letters."""

_FIRST_HEADER = "spoton-stage"
_KEPT_BYTES = 4096  # of each part of a record that is too large to be kept whole
_KEPT_HEADERS = 20
_MAX_DETAIL = 1000


@dataclass(frozen=True, slots=True)
class Burial:
    """Why a record is among the dead letters, and where it came from.

    Attributes:
        cut_bytes: size of a record that was too large to be kept whole; None: it is as it came.

    """

    stage: str
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    cut_bytes: int | None = None

    def headers(self) -> HeaderList:
        """Write as headers, which go behind the record's own."""
        texts = [
            (_FIRST_HEADER, self.stage),
            ("spoton-reason", self.reason),
            ("spoton-detail", self.detail[:_MAX_DETAIL]),
            ("spoton-topic", self.topic),
            ("spoton-partition", str(self.partition)),
            ("spoton-offset", str(self.offset)),
        ]
        if self.cut_bytes is not None:
            texts.append(("spoton-cut", str(self.cut_bytes)))
        return [(name, text.encode(errors="replace")) for name, text in texts]


def bury(producer: RecordProducer, stage: str, message: Message, reason: str, detail: str) -> None:
    """Send a record's own bytes, key and headers to the dead letters, with where it came from and why."""
    key, value, headers = message.key(), message.value(), read_headers(message)
    size = len(key or b"") + len(value or b"") + sum(len(name) + len(data or b"") for name, data in headers)
    burial = Burial(
        stage,
        reason,
        detail,
        message.topic() or "",
        message.partition(),
        message.offset(),
        size if size > MAX_RECORD_BYTES else None,
    )
    if burial.cut_bytes is not None:
        key, value = (None if part is None else part[:_KEPT_BYTES] for part in (key, value))
        headers = [(name[:100], data and data[:100]) for name, data in headers[:_KEPT_HEADERS]]
    producer.send_bytes(DEAD_LETTERS, key, value, [*headers, *burial.headers()])
    metrics.DEAD_LETTERS.labels(stage, reason).inc()
    _log.warning(
        "record set aside",
        stage=stage,
        reason=reason,
        detail=detail[:_MAX_DETAIL],
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
    )


def unbury(headers: Sequence[tuple[str, bytes | None]]) -> tuple[HeaderList, Burial | None]:
    """Part a dead letter's headers into the record's own and ours; None if ours are not there or not whole.

    Ours are the last ones: whatever a record claimed in its own headers, it keeps.
    """
    names = [name for name, _ in headers]
    if _FIRST_HEADER not in names:
        return list(headers), None
    first = len(names) - 1 - names[::-1].index(_FIRST_HEADER)
    ours = {name: (data or b"").decode(errors="replace") for name, data in headers[first:]}
    try:
        burial = Burial(
            stage=ours[_FIRST_HEADER],
            reason=ours["spoton-reason"],
            detail=ours["spoton-detail"],
            topic=ours["spoton-topic"],
            partition=int(ours["spoton-partition"]),
            offset=int(ours["spoton-offset"]),
            cut_bytes=int(ours["spoton-cut"]) if "spoton-cut" in ours else None,
        )
    except (KeyError, ValueError):
        return list(headers), None
    return list(headers[:first]), burial
