"""Who comes into a zone, who leaves it, who stays."""

from dataclasses import dataclass

from spoton_schemas.records import Event

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.telling import Teller, ended
from spoton_mapper.behaviour.values import MICROSECONDS_PER_S, Moment, Sighting, Transition, rename, seconds_between


@dataclass(slots=True)
class _Stay:
    """Somebody's time in a zone; ``left`` is the exit, which is none for a dwell if it lasts ``outside_s`` only."""

    entered: Sighting
    last: Sighting
    began: Sighting
    left: Sighting | None = None
    dwelling: Event | None = None


class Zones:
    """``zone_entered`` and ``zone_left`` (with ``dwell_s``), moments; ``zone_dwelled``, from the entry to the exit."""

    def __init__(self, teller: Teller, parameters: BehaviourParameters) -> None:
        self._teller, self._dwell_s, self._outside_s = teller, parameters.dwell_s, parameters.outside_s
        self._stays: dict[int, dict[str, _Stay]] = {}

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        rename(self._stays, moment)
        events: list[Event] = []
        for transition in moment.transitions:
            if transition.place is not None:
                events += [self._entered(transition) if transition.entered else self._left(transition)]
        for person, stays in self._stays.items():
            events += self._dwell(person, stays, moment)
        for person in [person for person, stays in self._stays.items() if not stays]:
            del self._stays[person]
        return events

    def finish(self, _moment: Moment) -> list[Event]:
        """End the dwells; nobody has left who had not."""
        stays = [stay for by_place in self._stays.values() for stay in by_place.values()]
        return [_end(stay, until="end_of_task") if stay.left is None else _end(stay) for stay in stays if stay.dwelling]

    def _dwell(self, global_id: int, stays: dict[str, _Stay], moment: Moment) -> list[Event]:
        events, person = list[Event](), moment.people.get(global_id)
        for place, stay in list(stays.items()):
            if stay.left is not None:
                if moment.time_us - stay.left.time_us >= self._outside_s * MICROSECONDS_PER_S:
                    del stays[place]
                    events += [_end(stay)] if stay.dwelling else []
            elif person is not None:
                stay.last = person
                decided = (global_id, place) not in moment.undecided
                if stay.dwelling is None and decided and seconds_between(stay.began, person) >= self._dwell_s:
                    stay.dwelling = self._teller.tell("zone_dwelled", stay.began, place=place)
                    events.append(stay.dwelling)
        return events

    def _entered(self, transition: Transition) -> Event:
        who, place = transition.crossed, transition.place
        assert place is not None
        stays = self._stays.setdefault(who.global_id, {})
        if place in stays:
            stays[place].entered, stays[place].last, stays[place].left = who, who, None
        else:
            stays[place] = _Stay(who, who, who)
        details = {"appeared": "true"} if transition.appeared else {}
        return self._teller.tell("zone_entered", who, place=place, confidence=transition.confidence, details=details)

    def _left(self, transition: Transition) -> Event:
        who, place = transition.crossed, transition.place
        assert place is not None
        stay = self._stays[who.global_id][place]
        stay.last = stay.left = who
        details = {"dwell_s": f"{seconds_between(stay.entered, who):.1f}"}
        if transition.lost:
            details["lost"] = "true"
        return self._teller.tell("zone_left", who, place=place, confidence=transition.confidence, details=details)


def _end(stay: _Stay, **details: str) -> Event:
    assert stay.dwelling is not None
    return ended(stay.dwelling, stay.began, stay.last, **details)
