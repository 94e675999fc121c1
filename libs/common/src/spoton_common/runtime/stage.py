"""What a stage is: state machines that know nothing of Kafka."""

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from spoton_schemas.topics import Topic

from spoton_common.errors import BrokenStage, RejectedRecord
from spoton_common.log_context import about
from spoton_common.logging import get_logger
from spoton_common.runtime.journal import Journal
from spoton_common.runtime.machine import Output, StateMachine

__all__ = ["KeyedStage", "Output", "Rejection", "Stage", "StateMachine", "failure"]

_log = get_logger()

_FRAMES = 3  # of a traceback, the innermost: they tell what a dead letter has room for

In = TypeVar("In")
In_contra = TypeVar("In_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Rejection:
    """An input record that cannot be used: its index in the batch, a bounded reason, and details."""

    index: int
    reason: str
    detail: str


def failure(index: int, error: Exception) -> Rejection:
    """Reject a record at which a stage failed as it never should; the log gets the whole traceback."""
    _log.error("failed at a record", exc_info=error)
    where = "; ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    )
    return Rejection(index, "failed", f"{type(error).__name__}: {error} ({where})")


class Stage(Protocol[In_contra]):
    """The work on all keys; the runner calls it from one thread."""

    def feed(self, records: Sequence[In_contra]) -> Iterable[Output | Rejection]:
        """Take records in their order and return what follows from them, in order; each is sent as it comes."""

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
        self._journals: dict[str, Journal[In]] = {}

    def feed(self, records: Sequence[In]) -> Iterator[Output | Rejection]:
        """Feed each record to its key's machine; one at which it fails is rejected, and the others go on."""
        for index, record in enumerate(records):
            about(record)
            try:
                yield from self._journal(self._topic.key(record)).feed(record)
            except RejectedRecord as error:
                yield Rejection(index, error.reason, str(error))
            except (BrokenStage, OSError):
                raise
            except Exception as error:
                yield failure(index, error)

    def snapshot(self, key: str) -> bytes:
        """Return the state of a key's machine."""
        journal = self._journals.get(key)
        return journal.snapshot() if journal else b""

    def restore(self, key: str, state: bytes) -> None:
        """Make a key's machine from its snapshot."""
        self._journal(key).restore(state)

    def forget(self, key: str) -> None:
        """Drop a key's machine."""
        self._journals.pop(key, None)

    def _journal(self, key: str) -> Journal[In]:
        if key not in self._journals:
            self._journals[key] = Journal(lambda: self._make(key))
        return self._journals[key]
