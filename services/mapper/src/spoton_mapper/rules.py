"""What finds events: anything that watches a task's map points."""

from typing import Protocol

from spoton_schemas.habits import Habits
from spoton_schemas.records import Event, MapPoints


class Rule(Protocol):
    """Watches one task, from after its START. Deterministic, without a clock; its state pickles.

    An event may be told again, under the same ``event_id``, once more is known of it: its end, for example. Who reads
    events replaces what was known by what is told last.
    """

    def feed(self, record: MapPoints) -> list[Event]:
        """Take the next FRAME and return what has come to light with it."""

    def finish(self, record: MapPoints) -> list[Event]:
        """Take the END_OF_TASK and return what is now known to be over."""

    def habits(self) -> Habits | None:
        """Return what the task's people taught of the place, once it has ended; None: nothing."""
