"""What a stage is: state machines that know nothing of Kafka."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from spoton_schemas.topics import Topic

from spoton_common.errors import RejectedRecord
from spoton_common.log_context import about

In = TypeVar("In")
In_contra = TypeVar("In_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Output:
    """A record for a topic."""

    topic: Topic[Any]
    record: Any


@dataclass(frozen=True, slots=True)
class Rejection:
    """An input record that cannot be used: its index in the batch, a bounded reason, and details."""

    index: int
    reason: str
    detail: str


class StateMachine(Protocol[In_contra]):
    """The work on one key's records: a function of them alone, so that the same input gives the same output."""

    def feed(self, record: In_contra) -> Sequence[Output]:
        """Take the next record; ``RejectedRecord`` if it cannot be used, which must leave the state as it was."""

    def snapshot(self) -> bytes:
        """Return the state; empty once the stream has ended and nothing more is expected."""

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot."""


class Stage(Protocol[In_contra]):
    """The work on all keys; the runner calls it from one thread."""

    def feed(self, records: Sequence[In_contra]) -> Sequence[Output | Rejection]:
        """Take records in their order and return what follows from them, in order."""

    def snapshot(self, key: str) -> bytes:
        """Return the state of a key; empty if there is none to keep."""

    def restore(self, key: str, state: bytes) -> None:
        """Go on from a key's snapshot."""

    def forget(self, key: str) -> None:
        """Another instance has the key now, or it is finished."""


class KeyedStage(Generic[In]):
    """A stage made of one state machine a key."""

    def __init__(self, topic: Topic[In], make: Callable[[str], StateMachine[In]]) -> None:
        self._topic = topic
        self._make = make
        self._machines: dict[str, StateMachine[In]] = {}

    def feed(self, records: Sequence[In]) -> Sequence[Output | Rejection]:
        """Feed each record to its key's machine."""
        outputs: list[Output | Rejection] = []
        for index, record in enumerate(records):
            about(record)
            try:
                outputs += self._machine(self._topic.key(record)).feed(record)
            except RejectedRecord as error:
                outputs.append(Rejection(index, error.reason, str(error)))
        return outputs

    def snapshot(self, key: str) -> bytes:
        """Return the state of a key's machine."""
        machine = self._machines.get(key)
        return machine.snapshot() if machine else b""

    def restore(self, key: str, state: bytes) -> None:
        """Make a key's machine from its snapshot."""
        self._machine(key).restore(state)

    def forget(self, key: str) -> None:
        """Drop a key's machine."""
        self._machines.pop(key, None)

    def _machine(self, key: str) -> StateMachine[In]:
        if key not in self._machines:
            self._machines[key] = self._make(key)
        return self._machines[key]
