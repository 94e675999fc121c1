"""A stored file as an HTTP response."""

import mimetypes
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from spoton_common.storage import Storage

from spoton_gateway.api.problems import documented
from spoton_gateway.media.ranges import etag_matches, parse_range, range_applies

FILE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"*/*": {}}},
    206: {"description": "The part that a `Range` header asked for", "content": {"*/*": {}}},
    304: {"description": "As in the client's cache"},
    **documented(404, 416, 502),
}

RANGE_PARAMETER = {
    "parameters": [
        {
            "name": "Range",
            "in": "header",
            "description": "One range of bytes; several, and other units, get the whole file",
            "schema": {"type": "string"},
            "example": "bytes=0-1023",
        }
    ]
}

_VIDEO_TYPES = {".mkv": "video/x-matroska", ".avi": "video/x-msvideo", ".ts": "video/mp2t", ".mp4": "video/mp4"}


def content_type(filename: str) -> str:
    """Return the media type that a file's name suggests."""
    suffix = filename[filename.rfind(".") :].lower()
    return _VIDEO_TYPES.get(suffix) or mimetypes.guess_type(filename)[0] or "application/octet-stream"


async def deliver(storage: Storage, uri: str, filename: str, request: Request) -> Response:
    """Answer GET or HEAD for a file: 200, 206 or 304; errors as ``Storage`` and ``parse_range`` raise them."""
    found = await storage.stat(uri)
    etag = f'"{found.etag}"'
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Cache-Control": "private, max-age=3600"}
    if etag_matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    wanted = None
    if range_applies(request.headers.get("if-range"), etag):
        wanted = parse_range(request.headers.get("range"), found.size)
    first, last = (wanted.first, wanted.last) if wanted else (0, found.size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if wanted:
        headers["Content-Range"] = f"bytes {first}-{last}/{found.size}"
    status, kind = 206 if wanted else 200, content_type(filename)
    if request.method == "HEAD" or last < first:
        return Response(status_code=status, headers=headers, media_type=kind)
    # The first chunk is read before the status goes out: a file that cannot be read is an error, not an empty video.
    chunks = storage.read_range(uri, first, last)
    beginning = await anext(chunks)
    return StreamingResponse(_continued(beginning, chunks), status, headers, kind)


async def _continued(beginning: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield beginning
    async for chunk in rest:
        yield chunk
