"""Object storage that is down when a video is needed: waited for, and said so."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr
from spoton_common.health import Health, State
from spoton_common.settings import FileAccess, S3Settings
from spoton_ingest.cache import CacheFolder
from spoton_ingest.fetching import Library
from spoton_schemas.records import Segment

pytestmark = pytest.mark.integration

SEGMENT = Segment(
    task_id="t", environment_id="e", camera_id="c0", sub_video_batch_index=0, uri="s3://videos/a.mp4", last=True
)
CONTENT = b"video" * 1000


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def library(tmp_path: Path, port: int, health: Health) -> Iterator[Library]:
    settings = S3Settings(
        endpoint_url=f"http://127.0.0.1:{port}", access_key=SecretStr("key"), secret_key=SecretStr("secret")
    )
    with CacheFolder(tmp_path) as cache:
        library = Library(cache, 10**9, FileAccess(), settings, health)
        yield library
        library.close()


def serve(port: int) -> ThreadedMotoServer:
    """Start a server; all of them have the same objects, those of this process."""
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    return server


@pytest.fixture
def stored() -> None:
    """Put the video there; the server that takes it is stopped again."""
    server = serve(0)
    host, port = server.get_host_and_port()
    resource = boto3.resource(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    resource.create_bucket(Bucket="videos").put_object(Key="a.mp4", Body=CONTENT)
    server.stop()


@pytest.mark.usefixtures("stored")
def test_a_storage_that_is_down_at_the_start_or_in_the_middle_is_waited_for(
    library: Library, health: Health, port: int
) -> None:
    for _ in ("at the start", "in the middle"):
        fetching = library.fetch(SEGMENT)
        deadline = time.monotonic() + 60
        while health.report()["status"] != State.DEGRADED:
            assert time.monotonic() < deadline
            assert not fetching.done()
        detail = health.report()["components"]["storage"]["detail"]  # type: ignore[index]
        assert "s3://videos/a.mp4" in detail
        assert "cannot be reached" in detail
        server = serve(port)
        path = fetching.result(60)
        assert path.read_bytes() == CONTENT
        assert health.report()["status"] == State.HEALTHY
        library.release(path)
        server.stop()
