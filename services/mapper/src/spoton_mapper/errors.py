"""Errors of the mapper.

MapperError
├── FrameOrderError    a frame that is not later than the one before
└── SnapshotError      bytes that are no snapshot of this version
"""


class MapperError(Exception):
    """Something the mapper cannot go on with."""


class FrameOrderError(MapperError):
    """A frame that is not later than the one before."""


class SnapshotError(MapperError):
    """Bytes that are no snapshot of this version."""
