"""Objects of any S3-compatible storage, by aiobotocore."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import ClientError as HttpError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from spoton_common.settings import S3Settings
from spoton_common.storage.errors import (
    AccessRefused,
    InvalidUri,
    NotFound,
    RangeNotSatisfiable,
    StorageError,
    Unreachable,
)
from spoton_common.storage.locations import S3Location

_CHUNK_BYTES = 1 << 20
_ATTEMPTS = 4  # botocore's standard mode waits a random time up to 1, 2, 4 s between them
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 30  # between two packets, not for a whole object

_NOT_FOUND = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
_REFUSED = {"401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "Forbidden"}
_BUSY = {"429", "SlowDown", "TooManyRequests", "RequestTimeout", "RequestLimitExceeded"}
_SERVER_ERROR = 500
_BEHIND_END = {"416", "InvalidRange"}


class S3Store:
    """Reads and writes objects; connects at the first use and keeps its connections until closed."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._exit = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._client: Any = None

    async def close(self) -> None:
        """Close the connections."""
        await self._exit.aclose()
        self._client = None

    async def head(self, location: S3Location) -> tuple[int, str]:
        """Return size in bytes and ETag, or a stand-in for it; errors as ``Storage`` lists them."""
        client = await self._connected()
        with _translated(location):
            answer = await client.head_object(Bucket=location.bucket, Key=location.key)
        size = int(answer["ContentLength"])
        etag = answer.get("ETag")
        if etag is None:  # servers of plain folders have none for files that were put there by other means
            etag = f"{answer['LastModified'].timestamp():.0f}-{size}"
        return size, str(etag).strip('"')

    async def read(self, location: S3Location, first: int, last: int) -> AsyncIterator[bytes]:
        """Yield the bytes ``first`` to ``last``, both included."""
        client = await self._connected()
        with _translated(location):
            answer = await client.get_object(Bucket=location.bucket, Key=location.key, Range=f"bytes={first}-{last}")
            async with answer["Body"] as body:
                async for chunk in body.iter_chunks(_CHUNK_BYTES):
                    yield chunk

    async def download(self, location: S3Location, target: Path) -> None:
        """Write a whole object to ``target``; what arrived before a connection broke is not asked for again."""
        size, _ = await self.head(location)
        with target.open("wb") as file:
            for attempt in range(_ATTEMPTS):
                try:
                    while (done := file.tell()) < size:
                        async for chunk in self.read(location, done, size - 1):
                            await asyncio.to_thread(file.write, chunk)
                except Unreachable:
                    if attempt == _ATTEMPTS - 1:
                        raise
                    await asyncio.sleep(random.uniform(0, 2**attempt))  # noqa: S311 (no secret depends on it)
                else:
                    return

    async def upload(self, source: Path, location: S3Location) -> None:
        """Write a whole object from a file, which is read as it goes out."""
        client = await self._connected()
        with source.open("rb") as file, _translated(location):
            await client.put_object(Bucket=location.bucket, Key=location.key, Body=file)

    async def delete(self, location: S3Location) -> None:
        """Remove an object; one that is not there is no error."""
        client = await self._connected()
        with _translated(location):
            await client.delete_object(Bucket=location.bucket, Key=location.key)

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                self._client = await self._exit.enter_async_context(self._new_client())
        return self._client

    def _new_client(self) -> Any:
        access_key, secret_key = self._settings.access_key, self._settings.secret_key
        return get_session().create_client(
            "s3",
            endpoint_url=self._settings.endpoint_url or None,
            region_name=self._settings.region,
            aws_access_key_id=access_key.get_secret_value() if access_key else None,
            aws_secret_access_key=secret_key.get_secret_value() if secret_key else None,
            config=AioConfig(
                connect_timeout=_CONNECT_TIMEOUT_S,
                read_timeout=_READ_TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                # Bucket names as host names need a DNS that only AWS and few others have.
                s3={"addressing_style": "path" if self._settings.endpoint_url else "auto"},
            ),
        )


@contextmanager
def _translated(location: S3Location) -> Iterator[None]:
    """Turn what S3 and its client raise into the errors of this package."""
    name = f"s3://{location.bucket}/{location.key}"
    try:
        yield
    except ClientError as error:
        raise _refusal(name, error) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise AccessRefused(f"{name}: no credentials for the object storage are set (SPOTON_S3_*)") from error
    except ParamValidationError as error:
        raise InvalidUri(f"{name} is no valid name of an object") from error
    except (BotoCoreError, HttpError, TimeoutError, OSError) as error:
        raise Unreachable(f"{name}: the object storage cannot be reached ({type(error).__name__})") from error


def _refusal(name: str, error: ClientError) -> StorageError:
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    if code in _NOT_FOUND:
        missing = "the bucket does not exist" if code == "NoSuchBucket" else "there is no such object"
        return NotFound(f"{name}: {missing}")
    if code in _REFUSED:
        return AccessRefused(f"{name}: the object storage refuses access ({code})")
    if code in _BEHIND_END:
        return RangeNotSatisfiable(f"{name}: the range lies behind the end")
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) < _SERVER_ERROR and code not in _BUSY:
        return AccessRefused(f"{name}: the object storage refuses it ({code})")  # asking again would not help
    return Unreachable(f"{name}: the object storage failed ({code})")
