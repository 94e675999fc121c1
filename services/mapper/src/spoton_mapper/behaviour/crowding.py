"""Too many people in one place."""

from dataclasses import dataclass

from spoton_schemas.records import Event

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.telling import Teller, ended
from spoton_mapper.behaviour.values import MICROSECONDS_PER_S, Moment, Sighting, Transition


@dataclass(slots=True)
class _Place:
    """People in one place; since when they are too many, if they are, and since when they are not any more.

    ``latest``: the latest crossing so far; who lingers at the boundary is told of much later than others after them.
    """

    count: int = 0
    latest: Sighting | None = None
    since: Sighting | None = None
    fewer: Sighting | None = None
    peak: int = 0
    event: Event | None = None


class Crowding:
    """``crowded``, while more people than the limit are in a zone, or on the floor where there are no zones.

    They are a crowd from ``crowd_s`` on, and a pause of less than that is no end.
    """

    def __init__(self, teller: Teller, parameters: BehaviourParameters, places: frozenset[str | None]) -> None:
        self._teller, self._limit, self._crowd_s = teller, parameters.crowd, parameters.crowd_s
        self._places = {place: _Place() for place in sorted(places, key=str)}

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        for change in moment.transitions:
            place = self._places.get(change.place)
            if place is not None:
                self._count(place, change)
        return [event for name, place in self._places.items() for event in self._judge(name, place, moment)]

    def finish(self, _moment: Moment) -> list[Event]:
        """Leave crowds without an end that are still there."""
        return [event for place in self._places.values() for event in _end(place)]

    def _count(self, place: _Place, change: Transition) -> None:
        place.count += 1 if change.entered else -1
        if place.latest is None or change.crossed.tick > place.latest.tick:
            place.latest = change.crossed
        if place.count > self._limit:
            place.since, place.fewer = place.since or place.latest, None
            place.peak = max(place.peak, place.count)
        elif place.since is not None:
            place.fewer = place.fewer or place.latest

    def _judge(self, name: str | None, place: _Place, moment: Moment) -> list[Event]:
        since, fewer = place.since, place.fewer
        if since is None:
            return []
        until_us = moment.time_us if fewer is None else fewer.time_us
        if fewer is None and place.count - _leaving(name, moment) <= self._limit:
            return []
        events = []
        if place.event is None and until_us - since.time_us >= self._crowd_s * MICROSECONDS_PER_S:
            details = {"count": str(place.peak), "limit": str(self._limit)}
            place.event = self._teller.tell_of_place("crowded", since, name, 1.0, details)
            events.append(place.event)
        if fewer is not None and moment.time_us - fewer.time_us >= self._crowd_s * MICROSECONDS_PER_S:
            events += _end(place)
            self._places[name] = _Place(place.count, place.latest)
        return events


def _end(place: _Place) -> list[Event]:
    if place.event is None or place.since is None or place.fewer is None:
        return []
    return [ended(place.event, place.since, place.fewer, peak=str(place.peak))]


def _leaving(place: str | None, moment: Moment) -> int:
    """Count those who are just going out: if they stay away, they left before."""
    return sum(not inwards for (_, where), inwards in moment.undecided.items() if where == place)
