"""Errors of storage; their messages may be shown to users.

StorageError
├── InvalidUri            neither file:///path nor s3://bucket/key
├── OutsideRoots          a file that the settings do not allow to be read, whether it exists or not
├── NotFound              no such file, bucket or object
├── AccessRefused         the object storage refuses the credentials, or none are set
├── RangeNotSatisfiable   the first byte asked for lies behind the end
└── Unreachable           the storage did not answer, or failed, after all retries
"""

from spoton_common.errors import SpotonError


class StorageError(SpotonError):
    """Video cannot be read from where it should be."""


class InvalidUri(StorageError):
    """Neither file:///path nor s3://bucket/key."""


class OutsideRoots(StorageError):
    """A file that the settings do not allow to be read, whether it exists or not."""


class NotFound(StorageError):
    """No such file, bucket or object."""


class AccessRefused(StorageError):
    """The object storage refuses the credentials, or none are set."""


class RangeNotSatisfiable(StorageError):
    """The first byte asked for lies behind the end."""


class Unreachable(StorageError):
    """The storage did not answer, or failed, after all retries."""
