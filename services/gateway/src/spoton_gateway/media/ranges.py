"""Byte ranges of HTTP (RFC 9110, section 14): one range a request."""

import re
from dataclasses import dataclass

from spoton_gateway.errors import RangeBeyondEnd

_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*", re.IGNORECASE | re.ASCII)
_MAX_DIGITS = 18  # more is no file's size


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes ``first`` to ``last``, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """Number of bytes."""
        return self.last - self.first + 1


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Read a Range header for a file of ``size`` bytes.

    None means the whole file: no header, another unit, several ranges, or nonsense, all of which RFC 9110 lets a server
    ignore. ``RangeBeyondEnd`` if the range begins behind the end.
    """
    match = _RANGE.fullmatch(header) if header else None
    if match is None:
        return None
    first, last = match.groups()
    if max(len(first), len(last)) > _MAX_DIGITS:
        raise RangeBeyondEnd(size)
    if not first:
        return _suffix(last, size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise RangeBeyondEnd(size)
    return ByteRange(int(first), min(int(last), size - 1) if last else size - 1)


def range_applies(if_range: str | None, etag: str) -> bool:
    """Tell whether an If-Range header (RFC 9110, 13.1.5) lets the range count: absent, or this very entity tag."""
    return if_range is None or if_range.strip() == etag


def etag_matches(if_none_match: str | None, etag: str) -> bool:
    """Tell whether an If-None-Match header (RFC 9110, 13.1.2) names this entity tag; weak tags compare alike."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def _suffix(length: str, size: int) -> ByteRange | None:
    if not length:
        return None
    if int(length) == 0 or size == 0:
        raise RangeBeyondEnd(size)
    return ByteRange(max(size - int(length), 0), size - 1)
