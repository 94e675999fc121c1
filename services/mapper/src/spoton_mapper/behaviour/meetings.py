"""Who meets whom."""

from dataclasses import dataclass
from itertools import combinations
from math import hypot

from spoton_schemas.records import Event

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.telling import Teller, ended
from spoton_mapper.behaviour.values import Moment, Sighting, seconds_between

_Pair = tuple[int, int]


@dataclass(slots=True)
class _Together:
    began: tuple[Sighting, Sighting]
    last: Sighting
    apart: Sighting | None = None
    event: Event | None = None


class Meetings:
    """``met``: two people near each other, from the approach to the parting; walking side by side counts, too."""

    def __init__(self, teller: Teller, parameters: BehaviourParameters) -> None:
        self._teller, self._parameters = teller, parameters
        self._pairs: dict[_Pair, _Together] = {}

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        self._rename(moment)
        events: list[Event] = []
        gone = {last.global_id for last in moment.gone}
        for pair in [pair for pair in self._pairs if gone.intersection(pair)]:
            events += _end(self._pairs.pop(pair))
        for pair in combinations(sorted(moment.people), 2):
            one, other = moment.people[pair[0]], moment.people[pair[1]]
            events += self._look(pair, one, other)
        return events

    def finish(self, _moment: Moment) -> list[Event]:
        """End what goes on."""
        return [event for together in self._pairs.values() for event in _end(together)]

    def _rename(self, moment: Moment) -> None:
        for old, new in moment.renamed:
            for pair in [pair for pair in self._pairs if old in pair]:
                together = self._pairs.pop(pair)
                one, other = sorted(new if member == old else member for member in pair)
                self._pairs[one, other] = together

    def _look(self, pair: _Pair, one: Sighting, other: Sighting) -> list[Event]:
        distance_m = hypot(one.x_m - other.x_m, one.y_m - other.y_m)
        together = self._pairs.get(pair)
        if together is None:
            if distance_m < self._parameters.meeting_m:
                self._pairs[pair] = _Together((one, other), one)
            return []
        if distance_m > (self._parameters.meeting_m if together.event is None else self._parameters.parting_m):
            together.apart = together.apart or one
            if seconds_between(together.apart, one) < self._parameters.settle_s:
                return []
            together.last = together.apart
            return _end(self._pairs.pop(pair))
        together.last, together.apart = one, None
        if together.event is None and seconds_between(together.began[0], one) >= self._parameters.meeting_s:
            first, second = together.began
            together.event = self._teller.tell("met", first, others=[second])
            return [together.event]
        return []


def _end(together: _Together) -> list[Event]:
    return [] if together.event is None else [ended(together.event, together.began[0], together.last)]
