"""How many people are in each zone, and on the floor in all."""

from collections import Counter

from spoton_schemas.records import Event

from spoton_mapper.behaviour.telling import Teller
from spoton_mapper.behaviour.values import Moment


class Occupancy:
    """``occupancy_changed``, with ``count`` and the count ``before``; without place: on the whole floor."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._counts: Counter[str | None] = Counter()

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        events = []
        for change in moment.transitions:
            before = self._counts[change.place]
            self._counts[change.place] = count = before + (1 if change.entered else -1)
            details = {"count": str(count), "before": str(before)}
            events.append(
                self._teller.tell_of_place(
                    "occupancy_changed", change.crossed, change.place, change.confidence, details
                )
            )
        return events

    def finish(self, _moment: Moment) -> list[Event]:
        """Nothing goes on."""
        return []
