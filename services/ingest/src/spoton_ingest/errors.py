"""Errors of ingest.

SpotonError
└── IngestError
    ├── UnusableVideo   a sub-video that cannot be read; the message is a sentence for users
    ├── TaskStopped     somebody stopped the task
    └── Abandoned       the camera is another instance's now, or the process ends
"""

from spoton_common.errors import SpotonError


class IngestError(SpotonError):
    """Base of this service's errors."""


class UnusableVideo(IngestError):
    """A sub-video that cannot be read; the message is a sentence for users."""


class TaskStopped(IngestError):
    """Somebody stopped the task."""


class Abandoned(IngestError):
    """The camera is another instance's now, or the process ends."""
