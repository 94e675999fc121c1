"""Errors that services share.

SpotonError
├── RejectedRecord     a record that a stage cannot use; it goes to the dead letters
├── BrokenStage        what a stage works with (a model, its device) does not work; the process ends
├── DeliveryFailed     the broker refuses a record; the process ends and starts over
│   └── NotDelivered   the broker has not taken every record yet
├── ServerAway         told to stop while a server does not answer; what is not safe will be done again
└── InsecureSettings   production was asked for with a placeholder for a secret
"""


class SpotonError(Exception):
    """Base of this project's errors."""


class RejectedRecord(SpotonError):
    """A record that a stage cannot use; ``reason`` is a bounded label, the message says more."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BrokenStage(SpotonError):
    """What a stage works with (a model, its device) does not work: no record is to blame."""


class DeliveryFailed(SpotonError):
    """The broker refuses a record."""


class NotDelivered(DeliveryFailed):
    """The broker has not taken every record yet."""


class ServerAway(SpotonError):
    """Told to stop while a server does not answer; what is not safe will be done again."""


class InsecureSettings(SpotonError):
    """Production was asked for with a placeholder for a secret."""
