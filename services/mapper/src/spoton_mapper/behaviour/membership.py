"""Who is in which zone: a boundary counts as crossed once somebody has settled on its other side."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import erf, sqrt

from spoton_common.geometry import FloorArea

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.values import Moment, Sighting, Transition, rename, seconds_between


@dataclass(slots=True)
class _Side:
    """One person and one place; ``since`` is the first sighting on a side that is not settled yet, if any."""

    inside: bool
    since: Sighting | None
    deepest_m: float = 0.0
    appeared: bool = False


class Membership:
    """Turns positions into transitions. The whole floor is a place, too: everybody who is seen is in it."""

    def __init__(self, zones: Mapping[str, FloorArea], parameters: BehaviourParameters) -> None:
        self._areas: dict[str | None, FloorArea | None] = {None: None}
        self._areas.update(zones)
        self._settle_s, self._margin_m = parameters.settle_s, parameters.margin_m
        self._sides: dict[int, dict[str | None, _Side]] = {}

    def feed(self, moment: Moment) -> Moment:
        """Return the moment with its transitions."""
        rename(self._sides, moment)
        found: list[Transition] = []
        for person in moment.people.values():
            sides = self._sides.setdefault(person.global_id, {})
            for place, area in self._areas.items():
                depth_m = float("inf") if area is None else area.depth_m((person.x_m, person.y_m))
                transition = self._move(sides, place, person, depth_m)
                if transition is not None:
                    found.append(transition)
        for last in moment.gone:
            sides = self._sides.pop(last.global_id, {})
            found += [Transition(p, False, last, 1.0, lost=True) for p, side in sides.items() if side.inside]
        return replace(moment, transitions=tuple(found))

    def _move(
        self, sides: dict[str | None, _Side], place: str | None, person: Sighting, depth_m: float
    ) -> Transition | None:
        inside = depth_m >= 0
        side = sides.get(place)
        if side is None:
            sides[place] = _Side(False, person if inside else None, depth_m, appeared=inside)
            return None
        if inside == side.inside:
            side.since = None
            return None
        if side.since is None:
            side.since, side.deepest_m, side.appeared = person, 0.0, False
        side.deepest_m = max(side.deepest_m, abs(depth_m))
        if seconds_between(side.since, person) < self._settle_s or side.deepest_m < self._margin_m:
            return None
        crossed, side.inside, side.since = side.since, inside, None
        return Transition(place, inside, crossed, sureness(side.deepest_m, person.std_m), side.appeared)


def sureness(distance_m: float, std_m: float) -> float:
    """Probability that a position this far from a boundary lies on the side where it seems to be."""
    return (1 + erf(distance_m / max(std_m, 1e-6) / sqrt(2))) / 2
