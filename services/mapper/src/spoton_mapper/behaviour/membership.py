"""Who is in which zone: a boundary counts as crossed once somebody has settled on its other side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import erf, sqrt

from spoton_common.geometry import FloorArea

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.values import MICROSECONDS_PER_S, Moment, Sighting, Transition, rename, seconds_between


@dataclass(slots=True)
class _Crossing:
    """Somebody is on the other side of a boundary and has not settled there yet.

    ``since``: the first sighting there; ``run``: the first of the present stay, for a moment on the old side is no
    return. ``back`` is the first sighting of such a moment. ``lasted``: a stay was long enough.
    """

    since: Sighting
    run: Sighting
    deepest_m: float = 0.0
    appeared: bool = False
    back: Sighting | None = None
    lasted: bool = False


@dataclass(slots=True)
class _Side:
    """One person and one place."""

    inside: bool = False
    crossing: _Crossing | None = None


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
        earliest_us = now_us - 2 * self._settle_s * MICROSECONDS_PER_S
        return {
            (person, place): not side.inside
            for person, sides in self._sides.items()
            for place, side in sides.items()
            if side.crossing is not None and side.crossing.since.time_us > earliest_us
        }

    def _move(
        self,
        sides: dict[str | None, _Side],
        place: str | None,
        area: FloorArea | None,
        person: Sighting,
        ahead: Sequence[Sighting],
    ) -> Transition | None:
        depth_m, is_new = _depth_m(area, person), place not in sides
        side = sides.setdefault(place, _Side())
        inside = depth_m >= 0
        if inside == side.inside:
            self._return(side, person)
            return None
        if side.crossing is None:
            side.crossing = _Crossing(person, person, appeared=is_new)
        crossing = side.crossing
        if crossing.back is not None:
            crossing.back, crossing.run = None, person
        crossing.deepest_m = max(crossing.deepest_m, abs(depth_m))
        stays = bool(ahead) and all((_depth_m(area, later) >= 0) == inside for later in ahead)
        until = ahead[-1] if stays else person
        crossing.lasted = crossing.lasted or seconds_between(crossing.run, until) >= self._settle_s
        if not crossing.lasted or crossing.deepest_m < self._margin_m:
            return None
        side.inside, side.crossing = inside, None
        reached_m = max(crossing.deepest_m, abs(_depth_m(area, until)))
        return Transition(place, inside, crossing.since, sureness(reached_m, person.std_m), crossing.appeared)

    def _return(self, side: _Side, person: Sighting) -> None:
        """Forget a crossing that nobody settled behind; a moment on the old side is none if it has lasted before."""
        crossing = side.crossing
        if crossing is None:
            return
        crossing.back = crossing.back or person
        if not crossing.lasted or seconds_between(crossing.back, person) >= self._settle_s:
            side.crossing = None


def _depth_m(area: FloorArea | None, person: Sighting) -> float:
    return float("inf") if area is None else area.depth_m((person.x_m, person.y_m))


def sureness(distance_m: float, std_m: float) -> float:
    """Probability that a position this far from a boundary lies on the side where it seems to be."""
    return (1 + erf(distance_m / max(std_m, 1e-6) / sqrt(2))) / 2
