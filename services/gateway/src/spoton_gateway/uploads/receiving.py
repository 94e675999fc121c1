"""A form with one file (RFC 7578), written to disk as it comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from spoton_gateway.errors import BadUpload, GatewayError, SlowUpload, UnsupportedMedia
from spoton_gateway.uploads.incoming import Incoming
from spoton_gateway.uploads.limits import Limits
from spoton_gateway.uploads.names import named_format, shown_name

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD = "file"

_FORM_BYTES = 64 * 1024  # what a form may have beside its file: boundaries, headers
_LINGER_BYTES = 16 << 20
_LINGER_S = 2.0
"""What is read and thrown away after a refusal: an answer to somebody who is still sending is often lost."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an upload may stand still, and take in all, seconds."""

    stall_s: float
    timeout_s: float


@dataclass(slots=True)
class Form:
    """The form as far as it has come; its methods are the parser's callbacks."""

    limits: Limits
    name: str | None = None
    promised: str = ""
    complete: bool = False
    pieces: list[bytes] = field(default_factory=list)
    _header: bytes = b""
    _value: bytes = b""
    _disposition: bytes = b""

    def callbacks(self) -> "MultipartCallbacks":
        """Return what the parser calls."""
        return {
            "on_part_begin": self.on_part_begin,
            "on_header_field": self.on_header_field,
            "on_header_value": self.on_header_value,
            "on_header_end": self.on_header_end,
            "on_headers_finished": self.on_headers_finished,
            "on_part_data": self.on_part_data,
            "on_end": self.on_end,
        }

    def on_part_begin(self) -> None:
        """A part begins; there may be one."""
        if self.name is not None:
            raise BadUpload("one file at a time: the form has more than one part")
        self._disposition = b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """Some of a header's name."""
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """Some of a header's value."""
        self._value += data[start:end]

    def on_header_end(self) -> None:
        """A header is complete."""
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def on_headers_finished(self) -> None:
        """The part's headers are complete: what is wrong with the name is said before the file comes."""
        _, options = parse_options_header(self._disposition)
        given = options.get(b"filename")
        if options.get(b"name") != FIELD.encode() or given is None:
            raise BadUpload(f"the form must have one part, a file named {FIELD!r}, and nothing else")
        self.name = shown_name(given.decode("utf-8", "replace"))
        self.promised = named_format(self.name)
        self.limits.check_format(self.promised)

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Some of the file."""
        self.pieces.append(data[start:end])

    def on_end(self) -> None:
        """The last boundary is here."""
        self.complete = True


async def receive(request: Request, into: Incoming, limits: Limits, patience: Patience) -> Form:
    """Write the file of a form to ``into``; every error of an upload but those of its content.

    ``BadUpload``, ``SlowUpload``, ``TooLarge``, ``UnsupportedMedia``, ``StorageFull``.
    """
    form = Form(limits)
    parser = MultipartParser(_boundary(request), form.callbacks())
    chunks = request.stream()
    try:
        _check_length(request, limits)
        async with asyncio.timeout(patience.timeout_s):
            while (chunk := await _next(chunks, patience.stall_s)) is not None:
                await _take(chunk, parser, form, into)
    except TimeoutError:
        raise SlowUpload(f"uploads may take {patience.timeout_s:g} s") from None
    except ClientDisconnect:
        raise BadUpload("the connection ended before the file had come") from None
    except GatewayError:
        if "expect" not in request.headers:
            await _linger(chunks)
        raise
    if not form.complete or form.name is None:
        raise BadUpload("the form ends before its last boundary")
    return form


async def _take(chunk: bytes, parser: MultipartParser, form: Form, into: Incoming) -> None:
    try:
        parser.write(chunk)
    except MultipartParseError as error:
        raise BadUpload(f"the body is no form: {error}") from error
    pieces, form.pieces = form.pieces, []
    form.limits.check_size(into.size_bytes + sum(map(len, pieces)))
    if pieces:
        await asyncio.to_thread(into.write, pieces)


async def _next(chunks: AsyncIterator[bytes], stall_s: float) -> bytes | None:
    waiting = asyncio.timeout(stall_s)
    try:
        async with waiting:
            return await anext(chunks, None)
    except TimeoutError:
        if not waiting.expired():
            raise
        raise SlowUpload(f"nothing came for {stall_s:g} s") from None


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise UnsupportedMedia(f"send a form (multipart/form-data) with the file in the field {FIELD!r}")
    return boundary


def _check_length(request: Request, limits: Limits) -> None:
    """Refuse at once what cannot fit: who asks first (``Expect: 100-continue``) then sends nothing."""
    announced = request.headers.get("content-length", "0")
    # What is no number has been refused as no HTTP.
    if int(announced) > limits.max_bytes + _FORM_BYTES:
        limits.check_size(int(announced))


async def _linger(chunks: AsyncIterator[bytes]) -> None:
    left = _LINGER_BYTES
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):
        async with asyncio.timeout(_LINGER_S):
            async for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    return
