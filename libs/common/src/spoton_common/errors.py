"""Errors that services share.

SpotonError
├── RejectedRecord     a record that a stage cannot use; it goes to the dead letters
├── UnreadableSnapshot a stage's state was written by another version
├── DeliveryFailed     the broker did not take a record in time; the process ends and starts over
└── InsecureSettings   production was asked for with a placeholder for a secret
"""


class SpotonError(Exception):
    """Base of this project's errors."""


class RejectedRecord(SpotonError):
    """A record that a stage cannot use; ``reason`` is a bounded label, the message says more."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class DeliveryFailed(SpotonError):
    """The broker did not take a record in time."""


class UnreadableSnapshot(SpotonError):
    """A stage's state was written by another version."""


class InsecureSettings(SpotonError):
    """Production was asked for with a placeholder for a secret."""
