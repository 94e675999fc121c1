"""Too many people in one place."""

from collections import Counter
from dataclasses import dataclass

from spoton_schemas.records import Event

from spoton_mapper.behaviour.telling import Teller, ended
from spoton_mapper.behaviour.values import Moment, Sighting


@dataclass(slots=True)
class _Crowd:
    event: Event
    began: Sighting
    peak: int


class Crowding:
    """``crowded``, while more people than the limit are in a zone, or on the floor where there are no zones."""

    def __init__(self, teller: Teller, limit: int, places: frozenset[str | None]) -> None:
        self._teller, self._limit, self._places = teller, limit, places
        self._counts: Counter[str | None] = Counter()
        self._crowds: dict[str | None, _Crowd] = {}

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        events = []
        for change in moment.transitions:
            if change.place in self._places:
                self._counts[change.place] += 1 if change.entered else -1
                event = self._judge(change.place, change.crossed)
                if event is not None:
                    events.append(event)
        return events

    def finish(self, _moment: Moment) -> list[Event]:
        """Leave crowds without an end: they are still there."""
        return []

    def _judge(self, place: str | None, at: Sighting) -> Event | None:
        count, crowd = self._counts[place], self._crowds.get(place)
        if crowd is None and count > self._limit:
            details = {"count": str(count), "limit": str(self._limit)}
            event = self._teller.tell_of_place("crowded", at, place, 1.0, details)
            self._crowds[place] = _Crowd(event, at, count)
            return event
        if crowd is not None and count <= self._limit:
            del self._crowds[place]
            return ended(crowd.event, crowd.began, at, peak=str(crowd.peak))
        if crowd is not None:
            crowd.peak = max(crowd.peak, count)
        return None
