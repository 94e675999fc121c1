"""Who hangs about."""

from collections import deque
from dataclasses import dataclass, field
from math import hypot

from spoton_schemas.records import Event

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.telling import Teller, ended
from spoton_mapper.behaviour.values import Moment, Sighting, rename, seconds_between

_SAMPLE_S = 0.2  # nobody goes far in between
_LEAVING = 1.5  # loitering ends this many radii away from its middle


@dataclass(slots=True)
class _Stay:
    samples: deque[Sighting] = field(default_factory=deque)
    event: Event | None = None
    began: Sighting | None = None
    middle: tuple[float, float] = (0.0, 0.0)


class Loitering:
    """``loitering``: all of somebody's last ``loiter_s`` lies within ``loiter_m`` of its mean."""

    def __init__(self, teller: Teller, parameters: BehaviourParameters) -> None:
        self._teller, self._loiter_s, self._loiter_m = teller, parameters.loiter_s, parameters.loiter_m
        self._stays: dict[int, _Stay] = {}

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        rename(self._stays, moment)
        events: list[Event] = []
        for last in moment.gone:
            stay = self._stays.pop(last.global_id, None)
            events += [] if stay is None else _end(stay, last)
        for person in moment.people.values():
            events += self._stay(self._stays.setdefault(person.global_id, _Stay()), person)
        return events

    def finish(self, _moment: Moment) -> list[Event]:
        """End what goes on."""
        return [event for stay in self._stays.values() for event in _end(stay, stay.samples[-1])]

    def _stay(self, stay: _Stay, person: Sighting) -> list[Event]:
        samples = stay.samples
        if samples and seconds_between(samples[-1], person) < _SAMPLE_S:
            return []
        samples.append(person)
        if stay.event is not None:
            if hypot(person.x_m - stay.middle[0], person.y_m - stay.middle[1]) <= _LEAVING * self._loiter_m:
                return []
            events = _end(stay, person)
            stay.event, stay.samples = None, deque([person])
            return events
        while len(samples) > 1 and seconds_between(samples[1], person) >= self._loiter_s:
            samples.popleft()
        if seconds_between(samples[0], person) < self._loiter_s:
            return []
        x_m, y_m = sum(s.x_m for s in samples) / len(samples), sum(s.y_m for s in samples) / len(samples)
        if any(hypot(s.x_m - x_m, s.y_m - y_m) > self._loiter_m for s in samples):
            return []
        stay.began, stay.middle = samples[0], (x_m, y_m)
        stay.event = self._teller.tell("loitering", samples[0])
        stay.samples = deque([person])
        return [stay.event]


def _end(stay: _Stay, last: Sighting) -> list[Event]:
    return [] if stay.event is None or stay.began is None else [ended(stay.event, stay.began, last)]
