"""Where a video lies, as read from its URI."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

from spoton_common.storage.errors import InvalidUri

_FILE = "file://"
_S3 = "s3://"
_LOCAL_HOSTS = ("", "localhost")


@dataclass(frozen=True, slots=True)
class FileLocation:
    """A file of this machine, by its absolute path without ``..``."""

    path: PurePosixPath

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class S3Location:
    """An object in a bucket."""

    bucket: str
    key: str

    @property
    def name(self) -> str:
        """Last part of the key."""
        return self.key.rsplit("/", 1)[-1]


def parse_uri(uri: str) -> FileLocation | S3Location:
    """Read ``file:///path`` (percent-encoded as in RFC 8089) or ``s3://bucket/key`` (key as it is).

    ``InvalidUri`` for anything else: other schemes and hosts, relative paths, ``..``, no key.
    """
    if "\0" in uri:
        raise InvalidUri("a URI must not contain a zero byte")
    if uri.startswith(_FILE):
        return _file(uri)
    if uri.startswith(_S3):
        return _object(uri)
    raise InvalidUri(f"{uri!r} is neither file:///path nor s3://bucket/key")


def filename(uri: str) -> str:
    """Return the last part of a URI; ``InvalidUri`` as ``parse_uri``."""
    return parse_uri(uri).name


def _file(uri: str) -> FileLocation:
    host, slash, rest = uri.removeprefix(_FILE).partition("/")
    if host.lower() not in _LOCAL_HOSTS:
        raise InvalidUri(f"{uri!r} names the host {host!r}: only files of this machine can be read (file:///path)")
    path = PurePosixPath("/" + unquote(rest))
    if not slash or not path.name:
        raise InvalidUri(f"{uri!r} names no file (file:///path)")
    if ".." in path.parts:
        raise InvalidUri(f"{uri!r} must not contain '..'")
    if "\0" in str(path):
        raise InvalidUri("a path must not contain a zero byte")
    return FileLocation(path)


def _object(uri: str) -> S3Location:
    bucket, _, key = uri.removeprefix(_S3).partition("/")
    if not bucket or not key or key.endswith("/"):
        raise InvalidUri(f"{uri!r} names no object (s3://bucket/key)")
    return S3Location(bucket, key)
