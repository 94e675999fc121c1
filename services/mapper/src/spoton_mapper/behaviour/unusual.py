"""Places where nobody goes, and ways that nobody takes, by what people did before: in this task and in earlier ones."""

from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import product
from math import atan2, floor, hypot, pi
from typing import Self

from spoton_schemas.bounds import MAX_PLACES
from spoton_schemas.habits import Habits, HabitualPlace
from spoton_schemas.records import Event

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.telling import Teller, ended
from spoton_mapper.behaviour.values import Moment, Sighting, rename, seconds_between

_Cell = tuple[int, int]

_PLACE, _PATH = "unusual_place", "unusual_path"

_WINDOW_S = 1.0  # what lasts shorter is a step aside
_MOVING_M_S = 0.5
_OCTANTS = 8
_RARE = 0.05  # fewer of those who passed than this make a way unusual


@dataclass(slots=True)
class _Walk:
    """One person: the last second, where they have been and which ways they took there, what is unusual now.

    Attributes:
        kind, since: what the last sightings say, nothing included, and the first that says so.
        event, began: what has been told and goes on.
        last: the last sighting that the event is true of.

    """

    path: deque[Sighting] = field(default_factory=deque)
    cells: dict[_Cell, set[int]] = field(default_factory=dict)
    kind: str = ""
    since: Sighting | None = None
    event: Event | None = None
    began: Sighting | None = None
    last: Sighting | None = None


@dataclass(slots=True)
class _History:
    """People who have left, counted once at each square metre that they came to or beside, and once a way there."""

    people: int = 0
    visitors: Counter[_Cell] = field(default_factory=Counter)
    ways: Counter[tuple[_Cell, int]] = field(default_factory=Counter)

    @classmethod
    def of(cls, habits: Habits | None) -> Self:
        """Begin with what earlier tasks taught."""
        history = cls()
        if habits is not None:
            history.people = habits.people
            for place in habits.places:
                cell = place.x_m, place.y_m
                history.visitors[cell] = place.people
                history.ways.update({(cell, octant): count for octant, count in enumerate(place.ways) if count})
        return history

    def add(self, cells: dict[_Cell, set[int]]) -> None:
        """Count one person more."""
        self.people += 1
        self.visitors.update({near for cell in cells for near in _around(cell)})
        self.ways.update({(near, octant) for cell in cells for octant in cells[cell] for near in _around(cell)})

    def habits(self) -> Habits | None:
        """Return it for later tasks; of too many places, those where most people came. None: nobody was there."""
        if not self.people:
            return None
        cells = sorted(self.visitors, key=lambda cell: (-self.visitors[cell], cell))[:MAX_PLACES]
        return Habits(people=self.people, places=tuple(self._place(cell) for cell in sorted(cells)))

    def _place(self, cell: _Cell) -> HabitualPlace:
        ways = tuple(self.ways[cell, octant] for octant in range(_OCTANTS))
        return HabitualPlace(x_m=cell[0], y_m=cell[1], people=self.visitors[cell], ways=ways)  # type: ignore[arg-type]


class Unusual:
    """``unusual_place`` and ``unusual_path``, with ``why``; one at a time for a person.

    A place is a square metre; it is unusual if nobody has been in it or the eight around it. A way is unusual where
    enough people walked, and hardly any within 67 degrees of that direction. Nobody is compared with their own doings.
    What lasts less than a second is told neither as unusual nor as an end of it.
    """

    def __init__(self, teller: Teller, parameters: BehaviourParameters, habits: Habits | None) -> None:
        self._teller, self._known_people = teller, parameters.known_people
        self._earlier, self._history = _History.of(habits), _History()
        self._walks: dict[int, _Walk] = {}

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        rename(self._walks, moment)
        events: list[Event] = []
        for last in moment.gone:
            walk = self._walks.pop(last.global_id, None)
            if walk is not None:
                events += _end(walk)
                self._history.add(walk.cells)
        for person in moment.people.values():
            events += self._step(self._walks.setdefault(person.global_id, _Walk()), person)
        return events

    def finish(self, _moment: Moment) -> list[Event]:
        """End what goes on; who is still there has taught something, too."""
        events = [event for walk in self._walks.values() for event in _end(walk)]
        for walk in self._walks.values():
            self._history.add(walk.cells)
        self._walks.clear()
        return events

    def habits(self) -> Habits | None:
        """Return what this task's people taught, once it has ended."""
        return self._history.habits()

    def _step(self, walk: _Walk, person: Sighting) -> list[Event]:
        walk.path.append(person)
        while len(walk.path) > 2 and seconds_between(walk.path[1], person) >= _WINDOW_S:
            walk.path.popleft()
        cell, octant = (floor(person.x_m), floor(person.y_m)), _octant(walk.path)
        ways = walk.cells.setdefault(cell, set())
        if octant is not None:
            ways.add(octant)
        if (
            seconds_between(walk.path[0], person) < _WINDOW_S
            or self._earlier.people + self._history.people < self._known_people
        ):
            return []
        kind, why, confidence = self._judge(cell, octant)
        if kind != walk.kind or walk.since is None:
            # A direction is that of the last second, if nothing else was told of it; a place is where somebody is now.
            of_direction = kind == _PATH and (walk.last is None or walk.last.tick < walk.path[0].tick)
            walk.kind, walk.since = kind, walk.path[0] if of_direction else person
        if walk.event is not None and walk.event.type == kind:
            walk.last = person
            return []
        if seconds_between(walk.since, person) < _WINDOW_S:
            return []
        events = _end(walk)
        walk.event = None
        if kind:
            walk.began, walk.last = walk.since, person
            walk.event = self._teller.tell(kind, walk.since, confidence=confidence, details={"why": why})
            events.append(walk.event)
        return events

    def _judge(self, cell: _Cell, octant: int | None) -> tuple[str, str, float]:
        """Return what is unusual (or nothing), why, and how sure that is (Laplace's rule of succession)."""
        histories = self._earlier, self._history
        people, passed = sum(h.people for h in histories), sum(h.visitors[cell] for h in histories)
        if not passed:
            why = f"none of the {people} people before came within a metre of here"
            return _PLACE, why, (people + 1) / (people + 2)
        if octant is None:
            return "", "", 0.0
        alike = sum(h.ways[cell, (octant + turn) % _OCTANTS] for h in histories for turn in (-1, 0, 1))
        if passed < self._known_people or alike > _RARE * passed:
            return "", "", 0.0
        why = f"{alike} of the {passed} people who came along here before went this way"
        return _PATH, why, (passed - alike + 1) / (passed + 2)


def _around(cell: _Cell) -> list[_Cell]:
    return [(cell[0] + dx, cell[1] + dy) for dx, dy in product((-1, 0, 1), repeat=2)]


def _octant(path: deque[Sighting]) -> int | None:
    """Return the direction of the last second in eighths of a turn; None while standing."""
    first, last = path[0], path[-1]
    dx_m, dy_m = last.x_m - first.x_m, last.y_m - first.y_m
    if hypot(dx_m, dy_m) < _MOVING_M_S * _WINDOW_S:
        return None
    return round(atan2(dy_m, dx_m) / (2 * pi / _OCTANTS)) % _OCTANTS


def _end(walk: _Walk) -> list[Event]:
    if walk.event is None or walk.began is None or walk.last is None:
        return []
    return [ended(walk.event, walk.began, walk.last)]
