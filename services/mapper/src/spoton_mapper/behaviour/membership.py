"""Who is in which zone: a boundary counts as crossed once somebody has settled on its other side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import erf, sqrt

from spoton_common.geometry import FloorArea

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.values import MICROSECONDS_PER_S, Moment, Sighting, Transition, rename, seconds_between


@dataclass(slots=True)
class _Side:
    """One person and one place.

    ``since`` is the first sighting on a side that is not settled yet, if any; ``back``, the first on the old side
    again: whoever is there for a moment only has not been back.
    """

    inside: bool
    since: Sighting | None
    deepest_m: float = 0.0
    appeared: bool = False
    back: Sighting | None = None
    run: Sighting | None = None
    lasted: bool = False


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
            sides, ahead = self._sides.setdefault(person.global_id, {}), moment.ahead[person.global_id]
            for place, area in self._areas.items():
                transition = self._move(sides, place, area, person, ahead)
                if transition is not None:
                    found.append(transition)
        for last in moment.gone:
            sides = self._sides.pop(last.global_id, {})
            found += [Transition(p, False, last, 1.0, lost=True) for p, side in sides.items() if side.inside]
        return replace(moment, transitions=tuple(found), undecided=self._undecided(moment.time_us))

    def _undecided(self, now_us: int) -> dict[tuple[int, str | None], bool]:
        """Whoever lingers at a boundary for longer than this is where they settled last."""
        return {
            (person, place): not side.inside
            for person, sides in self._sides.items()
            for place, side in sides.items()
            if side.since is not None and now_us - side.since.time_us < 2 * self._settle_s * MICROSECONDS_PER_S
        }

    def _move(
        self,
        sides: dict[str | None, _Side],
        place: str | None,
        area: FloorArea | None,
        person: Sighting,
        ahead: Sequence[Sighting],
    ) -> Transition | None:
        depth_m = _depth_m(area, person)
        inside = depth_m >= 0
        side = sides.get(place)
        if side is None:
            first = person if inside else None
            sides[place] = _Side(False, first, depth_m, appeared=inside, run=first)
            return None
        if inside == side.inside:
            self._return(side, person)
            return None
        if side.since is None:
            side.since, side.run, side.deepest_m, side.appeared, side.lasted = person, person, 0.0, False, False
        if side.back is not None:
            side.back, side.run = None, person
        side.deepest_m = max(side.deepest_m, abs(depth_m))
        stays = bool(ahead) and all((_depth_m(area, next_one) >= 0) == inside for next_one in ahead)
        until = ahead[-1] if stays else person
        assert side.run is not None
        side.lasted = side.lasted or seconds_between(side.run, until) >= self._settle_s
        if not side.lasted or side.deepest_m < self._margin_m:
            return None
        crossed, side.inside, side.since = side.since, inside, None
        reached_m = max(side.deepest_m, abs(_depth_m(area, until)))
        return Transition(place, inside, crossed, sureness(reached_m, person.std_m), side.appeared)

    def _return(self, side: _Side, person: Sighting) -> None:
        """Forget a side that nobody settled on; a moment on the old side is none if the new one has lasted before."""
        if side.since is None:
            return
        side.back = side.back or person
        if not side.lasted or seconds_between(side.back, person) >= self._settle_s:
            side.since = side.back = None


def _depth_m(area: FloorArea | None, person: Sighting) -> float:
    return float("inf") if area is None else area.depth_m((person.x_m, person.y_m))


def sureness(distance_m: float, std_m: float) -> float:
    """Probability that a position this far from a boundary lies on the side where it seems to be."""
    return (1 + erf(distance_m / max(std_m, 1e-6) / sqrt(2))) / 2
