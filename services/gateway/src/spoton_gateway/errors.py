"""Errors of the gateway; what each becomes over HTTP stands in ``api/problems.py``.

GatewayError (SpotonError)
├── NotFound           the task, environment, camera, file or identity does not exist
├── Conflict           the request does not fit the state of the task
├── Unprocessable      the request is well-formed but asks for something impossible
├── BadUpload          the body of an upload is not what the form promises, or ended early
├── SlowUpload         an upload stopped coming
├── TooLarge           a file is larger than it may be
├── UnsupportedMedia   a file, or the body of a request, is of a kind that is not accepted
├── UnusableUpload     a file is damaged, or holds a video beyond the limits
├── StorageFull        there is no room for a file
├── RangeBeyondEnd     a byte range lies behind the end of a file
├── BadCursor          a cursor is not one that this service gave out
├── TooMany            this process serves as many clients as it may
├── VideoFailed        an annotated video could not be made
├── Unavailable        Kafka or the database is away
└── MigrationFailed    the database could not be brought to the schema that this version needs
"""

from spoton_common.errors import SpotonError


class GatewayError(SpotonError):
    """Base of the gateway's errors."""


class NotFound(GatewayError):
    """The task, environment, camera, file or identity does not exist."""


class Conflict(GatewayError):
    """The request does not fit the state of the task."""


class Unprocessable(GatewayError):
    """The request is well-formed but asks for something impossible."""


class BadUpload(GatewayError):
    """The body of an upload is not what the form promises, or ended early."""


class SlowUpload(GatewayError):
    """An upload stopped coming."""


class TooLarge(GatewayError):
    """A file is larger than it may be."""


class UnsupportedMedia(GatewayError):
    """A file, or the body of a request, is of a kind that is not accepted."""


class UnusableUpload(GatewayError):
    """A file is damaged, or holds a video beyond the limits; the message is a sentence for users."""


class StorageFull(GatewayError):
    """There is no room for a file."""


class RangeBeyondEnd(GatewayError):
    """A byte range lies behind the end of a file of ``size_bytes``."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"the file has {size_bytes} bytes")
        self.size_bytes = size_bytes


class BadCursor(GatewayError):
    """A cursor is not one that this service gave out."""


class TooMany(GatewayError):
    """The process serves as many clients as it may."""


class VideoFailed(GatewayError):
    """An annotated video could not be made; the message is half a sentence for users: what is wrong."""


class Unavailable(GatewayError):
    """Kafka or the database is away; ``component`` says which."""

    def __init__(self, component: str, detail: str) -> None:
        super().__init__(f"{component} is not available: {detail}")
        self.component = component


class MigrationFailed(GatewayError):
    """The database could not be brought to the schema that this version needs."""
