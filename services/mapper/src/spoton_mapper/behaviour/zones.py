"""Who comes into a zone, who leaves it, who stays."""

from dataclasses import dataclass

from spoton_schemas.records import Event

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.telling import Teller, ended
from spoton_mapper.behaviour.values import Moment, Sighting, Transition, rename, seconds_between


@dataclass(slots=True)
class _Stay:
    entered: Sighting
    last: Sighting
    dwelling: Event | None = None


class Zones:
    """``zone_entered`` and ``zone_left`` (with ``dwell_s``), moments; ``zone_dwelled``, from the entry to the exit."""

    def __init__(self, teller: Teller, parameters: BehaviourParameters) -> None:
        self._teller, self._dwell_s = teller, parameters.dwell_s
        self._stays: dict[int, dict[str, _Stay]] = {}

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        rename(self._stays, moment)
        events: list[Event] = []
        for transition in moment.transitions:
            if transition.place is not None:
                events += self._entered(transition) if transition.entered else self._left(transition)
        for person in moment.people.values():
            for place, stay in self._stays.get(person.global_id, {}).items():
                stay.last = person
                if stay.dwelling is None and seconds_between(stay.entered, person) >= self._dwell_s:
                    stay.dwelling = self._teller.tell("zone_dwelled", stay.entered, place=place)
                    events.append(stay.dwelling)
        return events

    def finish(self, _moment: Moment) -> list[Event]:
        """End the stays; nobody has left."""
        stays = (stay for by_place in self._stays.values() for stay in by_place.values())
        return [ended(s.dwelling, s.entered, s.last, until="end_of_task") for s in stays if s.dwelling is not None]

    def _entered(self, transition: Transition) -> list[Event]:
        who, place = transition.crossed, transition.place
        assert place is not None
        self._stays.setdefault(who.global_id, {})[place] = _Stay(who, who)
        details = {"appeared": "true"} if transition.appeared else {}
        return [self._teller.tell("zone_entered", who, place=place, confidence=transition.confidence, details=details)]

    def _left(self, transition: Transition) -> list[Event]:
        who, place = transition.crossed, transition.place
        assert place is not None
        stay = self._stays[who.global_id].pop(place)
        details = {"dwell_s": f"{seconds_between(stay.entered, who):.1f}"}
        if transition.lost:
            details["lost"] = "true"
        events = [self._teller.tell("zone_left", who, place=place, confidence=transition.confidence, details=details)]
        if stay.dwelling is not None:
            events.append(ended(stay.dwelling, stay.entered, who))
        return events
