"""Fixtures for storage: settings that no variable of the machine changes, and a real S3 server."""

from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr
from spoton_common.settings import S3Settings


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def moto_api(s3_server: str) -> Callable[[str, str], None]:
    """Post to the server's own controls: path, body."""

    def post(path: str, body: str = "") -> None:
        connection = HTTPConnection(s3_server.removeprefix("http://"))
        connection.request("POST", f"/moto-api/{path}", body, {"Content-Type": "text/plain"})
        assert connection.getresponse().status == 200
        connection.close()

    return post


@pytest.fixture
def s3_settings(s3_server: str) -> S3Settings:
    return S3Settings(endpoint_url=s3_server, access_key=SecretStr("key"), secret_key=SecretStr("hidden-secret"))


@pytest.fixture
def bucket(s3_server: str, moto_api: Callable[[str, str], None]) -> Any:
    """The bucket ``videos`` with ``c0/a.mp4`` of 3 MB in it."""
    moto_api("reset", "")
    resource = boto3.resource(
        "s3", endpoint_url=s3_server, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    bucket = resource.create_bucket(Bucket="videos")
    bucket.put_object(Key="c0/a.mp4", Body=bytes(range(256)) * 12000)
    return bucket
