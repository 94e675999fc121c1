"""What a state machine is: the work on one key's records."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from spoton_schemas.topics import Topic

In_contra = TypeVar("In_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Output:
    """A record for a topic."""

    topic: Topic[Any]
    record: Any


class StateMachine(Protocol[In_contra]):
    """The work on one key's records: a function of them alone, so that the same input gives the same output."""

    def feed(self, record: In_contra) -> Iterable[Output]:
        """Take the next record; ``RejectedRecord`` if it cannot be used, which must leave the state as it was.

        The record counts as taken once all outputs have been read: a machine may go on working between two of them,
        while the first is on its way.
        """

    def snapshot(self) -> bytes:
        """Return the state; empty once the stream has ended and nothing more is expected."""

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot."""
