import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from spoton_common.settings import FileAccess, S3Settings
from spoton_common.storage import (
    AccessRefused,
    InvalidUri,
    NotFound,
    RangeNotSatisfiable,
    Storage,
    Unreachable,
)

pytestmark = pytest.mark.integration

_URI = "s3://videos/c0/a.mp4"
_BYTES = bytes(range(256)) * 12000


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _storage(settings: S3Settings) -> Storage:
    return Storage(FileAccess(), settings)


async def test_an_object_is_fetched_whole(bucket: Any, s3_settings: S3Settings, tmp_path: Path) -> None:
    async with _storage(s3_settings) as storage:
        assert (await storage.stat(_URI)).size == len(_BYTES)
        assert (await storage.stat(_URI)).etag in bucket.Object("c0/a.mp4").e_tag
        assert storage.local_path(_URI) is None
        await storage.fetch(_URI, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == _BYTES
    assert _names(tmp_path) == ["a.mp4"]


async def test_an_empty_object_is_fetched(bucket: Any, s3_settings: S3Settings, tmp_path: Path) -> None:
    bucket.put_object(Key="empty.mp4", Body=b"")
    async with _storage(s3_settings) as storage:
        await storage.fetch("s3://videos/empty.mp4", tmp_path / "empty.mp4")
    assert (tmp_path / "empty.mp4").read_bytes() == b""


@pytest.mark.usefixtures("bucket")
async def test_a_range_is_read(s3_settings: S3Settings) -> None:
    async with _storage(s3_settings) as storage:
        chunks = [chunk async for chunk in storage.read_range(_URI, 1000, 1_999_999)]
        assert b"".join(chunks) == _BYTES[1000:2_000_000]
        with pytest.raises(RangeNotSatisfiable):
            [chunk async for chunk in storage.read_range(_URI, len(_BYTES), len(_BYTES) + 1)]


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("uri", ["s3://videos/missing.mp4", "s3://missing-bucket/a.mp4"])
async def test_a_missing_object_or_bucket_is_named(s3_settings: S3Settings, uri: str, tmp_path: Path) -> None:
    async with _storage(s3_settings) as storage:
        with pytest.raises(NotFound, match=uri):
            await storage.stat(uri)
        with pytest.raises(NotFound, match=uri):
            await storage.fetch(uri, tmp_path / "a.mp4")
        with pytest.raises(NotFound, match=uri):
            [chunk async for chunk in storage.read_range(uri, 0, 1)]
    assert _names(tmp_path) == []


@pytest.fixture
def checks_credentials(bucket: Any, moto_api: Callable[[str, str], None]) -> Iterator[None]:  # noqa: ARG001
    moto_api("reset-auth", "0")
    yield
    moto_api("reset-auth", "inf")


@pytest.mark.usefixtures("checks_credentials")
async def test_wrong_credentials_are_told_without_them(s3_settings: S3Settings) -> None:
    async with _storage(s3_settings) as storage:
        with pytest.raises(AccessRefused) as refused:
            await storage.stat(_URI)
        with pytest.raises(AccessRefused, match="InvalidAccessKeyId"):
            [chunk async for chunk in storage.read_range(_URI, 0, 1)]
    assert "hidden-secret" not in str(refused.value)


async def test_no_credentials_at_all_are_told(s3_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    async with _storage(S3Settings(endpoint_url=s3_server)) as storage:
        with pytest.raises(AccessRefused, match="no credentials"):
            await storage.stat(_URI)


async def test_an_invalid_bucket_name_is_told(s3_settings: S3Settings) -> None:
    async with _storage(s3_settings) as storage:
        with pytest.raises(InvalidUri):
            await storage.stat("s3://not a bucket/a.mp4")


async def test_an_endpoint_that_is_down_is_told(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    settings = S3Settings(
        endpoint_url=f"http://127.0.0.1:{port}", access_key=SecretStr("key"), secret_key=SecretStr("secret")
    )
    async with _storage(settings) as storage:
        with pytest.raises(Unreachable, match="cannot be reached"):
            await storage.fetch(_URI, tmp_path / "a.mp4")
    assert _names(tmp_path) == []


async def test_a_broken_connection_is_taken_up_where_it_broke(tmp_path: Path) -> None:
    """A server that sends half of what is asked for and hangs up, until the rest is small."""
    body, asked = b"x" * 100_000, []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first = 0
        for line in head.splitlines():
            if line.lower().startswith("range:"):
                first = int(line.split("=")[1].split("-")[0])
        rest = body[first:]
        writer.write(f'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: {len(rest)}\r\n\r\n'.encode())
        if head.startswith("GET"):
            asked.append(first)
            writer.write(rest if first else rest[: len(rest) // 2])
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = S3Settings(
            endpoint_url=f"http://127.0.0.1:{port}", access_key=SecretStr("key"), secret_key=SecretStr("secret")
        )
        async with _storage(settings) as storage:
            await storage.fetch(_URI, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == body
    assert asked[0] == 0
    assert asked[-1] > 0


async def test_a_file_is_kept_as_an_object_and_removed(bucket: Any, s3_settings: S3Settings, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(_BYTES)
    async with _storage(s3_settings) as storage:
        await storage.keep(tmp_path / "a.mp4", "s3://videos/uploads/b.mp4")
        assert bucket.Object("uploads/b.mp4").get()["Body"].read() == _BYTES
        await storage.remove("s3://videos/uploads/b.mp4")
        await storage.remove("s3://videos/uploads/b.mp4")
        with pytest.raises(NotFound):
            await storage.stat("s3://videos/uploads/b.mp4")
        with pytest.raises(NotFound):
            await storage.keep(tmp_path / "a.mp4", "s3://missing-bucket/b.mp4")
