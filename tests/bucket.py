"""Object storage as the tests see it: a server in this process, with one bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_KEYS = ("key", "secret")


@dataclass(frozen=True)
class Bucket:
    """A bucket and how the line is to use it."""

    name: str
    endpoint_url: str
    client: Any

    @property
    def settings(self) -> dict[str, str]:
        """Variables for every service."""
        return {
            "SPOTON_S3_ENDPOINT_URL": self.endpoint_url,
            "SPOTON_S3_ACCESS_KEY": _KEYS[0],
            "SPOTON_S3_SECRET_KEY": _KEYS[1],
            "SPOTON_GATEWAY_UPLOAD_BUCKET": f"s3://{self.name}/uploads",
            "SPOTON_VIDEOS_BUCKET": f"s3://{self.name}/videos",
        }

    def keys(self, prefix: str = "") -> list[str]:
        """List what lies there."""
        answer = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix)
        return [item["Key"] for item in answer.get("Contents", [])]

    def remove(self, key: str) -> None:
        """Lose an object."""
        self.client.delete_object(Bucket=self.name, Key=key)


@contextmanager
def running_bucket() -> Iterator[Bucket]:
    """Serve a bucket."""
    import boto3  # slow to import
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=_KEYS[0],
            aws_secret_access_key=_KEYS[1],
        )
        client.create_bucket(Bucket="spoton")
        yield Bucket("spoton", url, client)
    finally:
        server.stop()
