"""What comes with a record: its headers and its time, which anybody may have written."""

from datetime import UTC, datetime, timedelta

from confluent_kafka import Message

HeaderList = list[tuple[str, bytes | None]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9000, 1, 1, tzinfo=UTC)


def read_headers(message: Message) -> HeaderList:
    """Return a record's headers in their order; none if their names are no text."""
    try:
        headers: HeaderList = list(message.headers() or [])
    except (UnicodeDecodeError, SystemError):  # the client decodes names as UTF-8
        return []
    return headers


def written_at(message: Message) -> datetime:
    """Return the time (UTC) at which a record was written; producers choose it, so it may be any between two bounds."""
    _, milliseconds = message.timestamp()
    try:
        return min(max(_EPOCH + timedelta(milliseconds=milliseconds), _EPOCH), _LAST)
    except OverflowError:
        return _LAST if milliseconds > 0 else _EPOCH
