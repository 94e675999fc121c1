"""A state machine that survives a record it fails at: its state is then as it was before."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from spoton_common.errors import BrokenStage, RejectedRecord
from spoton_common.runtime.machine import Output, StateMachine

In = TypeVar("In")

_LONGEST = 500  # records kept at most; a checkpoint, every second, empties the journal anyway


class Journal(Generic[In]):
    """A machine, its last snapshot and the records since.

    A failure may leave a machine half changed. Machines are functions of their input, so the state before the
    record is made again: a new machine, the snapshot, the records since.
    """

    def __init__(self, make: Callable[[], StateMachine[In]]) -> None:
        self._make = make
        self._machine = make()
        self._state = b""
        self._records: list[In] = []

    def feed(self, record: In) -> Iterator[Output]:
        """Feed the machine; whatever it raises, its state is as before, but for ``BrokenStage`` and ``OSError``."""
        try:
            yield from self._machine.feed(record)
        except (RejectedRecord, BrokenStage, OSError):
            raise
        except Exception:
            self._rebuild()
            raise
        self._records.append(record)
        if len(self._records) >= _LONGEST:
            self.snapshot()

    def snapshot(self) -> bytes:
        """Return the machine's snapshot."""
        self._state = self._machine.snapshot()
        self._records.clear()
        return self._state

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot."""
        self._machine.restore(state)
        self._state = state
        self._records.clear()

    def _rebuild(self) -> None:
        self._machine = self._make()
        if self._state:
            self._machine.restore(self._state)
        for record in self._records:
            list(self._machine.feed(record))
        self.snapshot()  # the next failure has less to do again
