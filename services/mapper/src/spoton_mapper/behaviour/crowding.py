"""Too many people in one place."""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from spoton_schemas.records import Event

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.telling import Teller, ended
from spoton_mapper.behaviour.values import MICROSECONDS_PER_S, Moment, Sighting, Transition

_REMEMBERED = 100  # crossings: in a busy place the last minute's


@dataclass(slots=True)
class _Place:
    """One place: its last crossings in the order in which they happened, and how many people were there from then on.

    Whoever lingers at the boundary is told of later than others after them. ``over``: the tick up to which all is told;
    ``event`` is the crowd that goes on.
    """

    changes: list[tuple[Sighting, int]] = field(default_factory=list)
    over: int = -1
    event: Event | None = None

    @property
    def count(self) -> int:
        """How many there are now."""
        return self.changes[-1][1] if self.changes else 0

    def take(self, change: Transition) -> None:
        """Count somebody in or out."""
        more = 1 if change.entered else -1
        at = bisect_right(self.changes, change.crossed.tick, key=lambda known: known[0].tick)
        before = self.changes[at - 1][1] if at else 0
        later = [(crossed, count + more) for crossed, count in self.changes[at:]]
        self.changes[at:] = [(change.crossed, before + more), *later]
        del self.changes[:-_REMEMBERED]


@dataclass(slots=True)
class _Crowd:
    """From when on there are too many, until when, if they are not any more, and the most of them."""

    since: Sighting
    fewer: Sighting | None
    peak: int


class Crowding:
    """``crowded``, while more people than the limit are in a zone, or on the floor where there are no zones.

    They are a crowd from ``crowd_s`` on, and a pause of less than that is no end.
    """

    def __init__(self, teller: Teller, parameters: BehaviourParameters, places: frozenset[str | None]) -> None:
        self._teller, self._limit = teller, parameters.crowd
        self._crowd_us = round(parameters.crowd_s * MICROSECONDS_PER_S)
        self._places = {place: _Place() for place in sorted(places, key=str)}

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        for change in moment.transitions:
            if change.place in self._places:
                self._places[change.place].take(change)
        return [event for name, place in self._places.items() for event in self._judge(name, place, moment)]

    def finish(self, _moment: Moment) -> list[Event]:
        """Leave crowds without an end that are still there."""
        return [
            _ended(place.event, crowd)
            for place in self._places.values()
            for crowd in self._crowds(place)
            if place.event is not None and crowd.fewer is not None
        ]

    def _crowds(self, place: _Place) -> list[_Crowd]:
        """Return the times with too many people of which not all is told, in their order."""
        crowds: list[_Crowd] = []
        ends = [crossed for crossed, _ in place.changes[1:]]
        for (crossed, count), end in zip_longest(place.changes, ends):
            if count <= self._limit or crossed.tick <= place.over:
                continue
            fewer = crowds[-1].fewer if crowds else None
            if fewer is not None and crossed.time_us - fewer.time_us < self._crowd_us:
                crowds[-1].fewer, crowds[-1].peak = end, max(crowds[-1].peak, count)
            else:
                crowds.append(_Crowd(crossed, end, count))
        return crowds

    def _judge(self, name: str | None, place: _Place, moment: Moment) -> list[Event]:
        events = []
        for crowd in self._crowds(place):
            if self._is_open(name, place, crowd, moment):
                break
            until_us = moment.time_us if crowd.fewer is None else crowd.fewer.time_us
            if place.event is None and until_us - crowd.since.time_us >= self._crowd_us:
                details = {"count": str(crowd.peak), "limit": str(self._limit)}
                place.event = self._teller.tell_of_place("crowded", crowd.since, name, 1.0, details)
                events.append(place.event)
            if crowd.fewer is not None and moment.time_us - crowd.fewer.time_us >= self._crowd_us:
                events += [] if place.event is None else [_ended(place.event, crowd)]
                place.event, place.over = None, crowd.fewer.tick
        return events

    def _is_open(self, name: str | None, place: _Place, crowd: _Crowd, moment: Moment) -> bool:
        """Tell whether those who are just coming or going may still make another crowd of it."""
        if crowd.fewer is None:
            return place.count - _undecided(name, moment, inwards=False) <= self._limit
        return place.count <= self._limit < place.count + _undecided(name, moment, inwards=True)


def _ended(event: Event, crowd: _Crowd) -> Event:
    assert crowd.fewer is not None
    began = replace(crowd.since, tick=event.global_frame_index, time_us=event.event_time_us)
    return ended(event, began, crowd.fewer, peak=str(crowd.peak))


def _undecided(place: str | None, moment: Moment, *, inwards: bool) -> int:
    """Count those who are just going in or out: if they stay there, they crossed the boundary before."""
    return sum(way == inwards for (_, where), way in moment.undecided.items() if where == place)
