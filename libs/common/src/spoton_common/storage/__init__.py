"""Video where it lies: ``file:///path`` inside allowed roots, and ``s3://bucket/key``."""

from spoton_common.storage.errors import (
    AccessRefused,
    InvalidUri,
    NotFound,
    OutsideRoots,
    RangeNotSatisfiable,
    StorageError,
    Unreachable,
)
from spoton_common.storage.locations import FileLocation, S3Location, filename, parse_uri
from spoton_common.storage.storage import MediaStat, Storage

__all__ = [
    "AccessRefused",
    "FileLocation",
    "InvalidUri",
    "MediaStat",
    "NotFound",
    "OutsideRoots",
    "RangeNotSatisfiable",
    "S3Location",
    "Storage",
    "StorageError",
    "Unreachable",
    "filename",
    "parse_uri",
]
