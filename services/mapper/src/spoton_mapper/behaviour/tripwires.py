"""Who crosses a line, and which way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spoton_common.geometry import FloorLine
from spoton_schemas.records import Event

from spoton_mapper.behaviour.membership import sureness
from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.telling import Teller
from spoton_mapper.behaviour.values import Moment, Sighting, rename, seconds_between

_WAYS = {1: "forward", -1: "backward"}

_HOLD_S = 0.2  # where cameras disagree about somebody, the fused position jumps to and fro from tick to tick


@dataclass(slots=True)
class _Walk:
    """One person; ``crossings`` are those that are not settled yet, by tripwire: the way and the first step beyond."""

    last: Sighting
    crossings: dict[str, tuple[int, Sighting]] = field(default_factory=dict)


class Tripwires:
    """``tripwire_crossed``, with ``direction``; who steps back at once has not crossed."""

    def __init__(self, teller: Teller, lines: Mapping[str, FloorLine], parameters: BehaviourParameters) -> None:
        self._teller, self._lines = teller, dict(lines)
        self._settle_s, self._margin_m = parameters.settle_s, parameters.margin_m
        self._walks: dict[int, _Walk] = {}

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        rename(self._walks, moment)
        for last in moment.gone:
            self._walks.pop(last.global_id, None)
        events = []
        for person in moment.people.values():
            walk = self._walks.setdefault(person.global_id, _Walk(person))
            for name, line in self._lines.items():
                event = self._step(walk, name, line, person, moment.ahead[person.global_id])
                if event is not None:
                    events.append(event)
            walk.last = person
        return events

    def finish(self, _moment: Moment) -> list[Event]:
        """Nothing goes on."""
        return []

    def _step(
        self, walk: _Walk, name: str, line: FloorLine, person: Sighting, ahead: Sequence[Sighting]
    ) -> Event | None:
        here = (person.x_m, person.y_m)
        way = int(line.crossings([(walk.last.x_m, walk.last.y_m)], [here])[0])
        if way and name in walk.crossings:
            del walk.crossings[name]  # back again
        elif way:
            walk.crossings[name] = (way, person)
        if name not in walk.crossings:
            return None
        way, crossed = walk.crossings[name]
        side_m = line.distance_m(here)
        stays = bool(ahead) and all(line.distance_m((s.x_m, s.y_m)) * side_m > 0 for s in ahead)
        until = ahead[-1] if stays else person
        away_m, beyond_s = abs(line.distance_m((until.x_m, until.y_m))), seconds_between(crossed, until)
        if beyond_s < _HOLD_S or (away_m < self._margin_m and beyond_s < self._settle_s):
            return None
        del walk.crossings[name]
        confidence = sureness(away_m, person.std_m)
        return self._teller.tell(
            "tripwire_crossed", crossed, place=name, confidence=confidence, details={"direction": _WAYS[way]}
        )
