"""One way to read video, wherever it lies."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from spoton_common.settings import FileAccess, S3Settings
from spoton_common.storage.errors import RangeNotSatisfiable
from spoton_common.storage.files import allowed_path
from spoton_common.storage.locations import FileLocation, S3Location, parse_uri
from spoton_common.storage.s3 import S3Store

_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class MediaStat:
    """Size of a video, and a name that changes with its content (an HTTP ETag without quotes)."""

    size: int
    etag: str


class Storage:
    """Reads ``file://`` and ``s3://``, and keeps files there; an async context manager of one event loop.

    All methods raise ``InvalidUri``, ``OutsideRoots``, ``NotFound``, ``AccessRefused`` or ``Unreachable``.
    """

    def __init__(self, access: FileAccess, s3: S3Settings) -> None:
        self._access = access
        self._s3 = S3Store(s3)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self._s3.close()

    def local_path(self, uri: str) -> Path | None:
        """Return the real path of a ``file://`` video that may be read; None for others."""
        location = parse_uri(uri)
        return allowed_path(self._access, location) if isinstance(location, FileLocation) else None

    async def stat(self, uri: str) -> MediaStat:
        """Look at a video without reading it."""
        location = parse_uri(uri)
        if isinstance(location, FileLocation):
            found = allowed_path(self._access, location).stat()
            return MediaStat(found.st_size, f"{found.st_mtime_ns:x}-{found.st_size:x}")
        return MediaStat(*await self._s3.head(location))

    async def fetch(self, uri: str, target: Path) -> None:
        """Copy a video to ``target``, whose folder exists; whole or not at all."""
        location = parse_uri(uri)
        partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
        try:
            if isinstance(location, FileLocation):
                await asyncio.to_thread(shutil.copyfile, allowed_path(self._access, location), partial)
            else:
                await self._s3.download(location, partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    async def keep(self, source: Path, uri: str) -> None:
        """Put a local file where ``uri`` says, whole or not at all; a ``file://`` of the same disk takes it over."""
        location = parse_uri(uri)
        if isinstance(location, S3Location):
            await self._s3.upload(source, location)
        else:
            await asyncio.to_thread(source.replace, location.path)

    async def remove(self, uri: str) -> None:
        """Remove what lies at a URI that was given to ``keep``; nothing there is no error."""
        location = parse_uri(uri)
        if isinstance(location, S3Location):
            await self._s3.delete(location)
        else:
            await asyncio.to_thread(Path(location.path).unlink, missing_ok=True)

    async def read_range(self, uri: str, first: int, last: int) -> AsyncIterator[bytes]:
        """Yield the bytes ``first`` to ``last`` (both included; those that exist).

        ``RangeNotSatisfiable`` if the first one does not exist.
        """
        location = parse_uri(uri)
        chunks = (
            _read_file(allowed_path(self._access, location), first, last)
            if isinstance(location, FileLocation)
            else self._s3.read(location, first, last)
        )
        async for chunk in chunks:
            yield chunk


async def _read_file(path: Path, first: int, last: int) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        if first >= file.seek(0, os.SEEK_END):
            raise RangeNotSatisfiable(f"{path.name}: the range lies behind the end")
        file.seek(first)
        left = last - first + 1
        while left > 0 and (chunk := await asyncio.to_thread(file.read, min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
