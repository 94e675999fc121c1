"""Which events truly happened: straight from the dense true paths, by definitions and not by the system's rules.

Times are seconds, positions metres. Paths are sampled evenly; a path is one stay of one person on the floor.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from spoton_scenes.scene import PersonState, Scene

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Polygon = Sequence[Sequence[float]]
Line = tuple[Sequence[float], Sequence[float]]

SETTLED_S = 0.5
"""Whoever turns back within this time has not crossed a boundary."""
SETTLED_M = 0.15
"""… and whoever only grazes it has not entered, or left."""
ACTION_S = 0.8
MEETING_S = 2.0
MEETING_M, PARTING_M = 1.5, 2.0
STANDING_M_S, RUNNING_M_S = 0.45, 2.0
DWELL_S = 10.0
OUTSIDE_S = 2.0
"""Whoever is back within this time has not ended a dwell."""
CROWD_S = 2.0
"""A crowd lasts, and is no other one after a pause of less than this."""
LOITER_S, LOITER_M, LOITER_LEFT_M = 30.0, 2.0, 3.0


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """An event: its type, when it began and (where it lasts) ended, where, and who."""

    type: str
    start_s: float
    end_s: float | None = None
    place: str | None = None
    people: tuple[int, ...] = ()
    direction: str | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """One person's stay: the first frame and positions, (N, 2), from then on."""

    person_id: int
    first: int
    xy_m: Floats


def paths_of(scene: Scene, frames: Sequence[Sequence[PersonState]]) -> list[Path]:
    """Collect the stays of everybody from simulated frames."""
    found: list[Path] = []
    open_paths: dict[int, tuple[int, list[tuple[float, float]]]] = {}
    for index, states in enumerate([*frames, []]):
        present = {scene.people[state.index].person_id: (state.x_m, state.y_m) for state in states}
        for person_id in [p for p in open_paths if p not in present]:
            first, points = open_paths.pop(person_id)
            found.append(Path(person_id, first, np.array(points)))
        for person_id, point in present.items():
            open_paths.setdefault(person_id, (index, []))[1].append(point)
    return sorted(found, key=lambda path: (path.first, path.person_id))


def true_events(
    paths: Sequence[Path], fps: float, zones: Mapping[str, Polygon], tripwires: Mapping[str, Line], crowd: int = 8
) -> list[TrueEvent]:
    """Compute all events of some paths; ``fps`` is that of the paths, more people than ``crowd`` in a zone are one."""
    events: list[TrueEvent] = []
    end = max((path.first + len(path.xy_m) for path in paths), default=0)
    for path in paths:
        for name, polygon in zones.items():
            events += _stays(path, fps, name, polygon, end)
        for name, line in tripwires.items():
            events += _crossings(path, fps, name, line)
        events += _actions(path, fps)
        events += _loiterings(path, fps)
    events += _occupancy(events, paths, fps, end)
    events += _crowds(events, crowd, end / fps)
    for one, other in combinations(paths, 2):
        events += _meetings(one, other, fps)
    return sorted(events, key=lambda event: (event.start_s, event.type, event.people))


def _stays(path: Path, fps: float, name: str, polygon: Polygon, end: int) -> Iterator[TrueEvent]:
    area, points = shapely.Polygon(polygon), shapely.points(path.xy_m)
    inside: Bools = np.asarray(shapely.contains(area, points))
    beyond: Bools = np.asarray(shapely.distance(area.exterior, points) >= SETTLED_M)
    who, dwells = (path.person_id,), list[tuple[int, int]]()
    for value, first, last in _settled(inside, round(SETTLED_S * fps), beyond):
        if value:
            yield TrueEvent("zone_entered", (path.first + first) / fps, None, name, who)
            gone = last == len(inside)  # out of the scene: left where last seen, unless it is the film that ends
            if path.first + last < end:
                yield TrueEvent("zone_left", (path.first + last - gone) / fps, None, name, who)
            if dwells and first - dwells[-1][1] < OUTSIDE_S * fps:
                first = dwells.pop()[0]
            dwells.append((first, last - gone))
    for first, last in dwells:
        if last - first >= DWELL_S * fps:
            yield TrueEvent("zone_dwelled", (path.first + first) / fps, (path.first + last) / fps, name, who)


def _crossings(path: Path, fps: float, name: str, line: Line) -> Iterator[TrueEvent]:
    start, end = np.array(line[0]), np.array(line[1])
    along = end - start
    offsets = path.xy_m - start
    right = along[0] * offsets[:, 1] - along[1] * offsets[:, 0] >= 0  # y points down
    wire = shapely.LineString([start, end])
    for value, first, _ in _settled(right, round(SETTLED_S * fps)):
        if first and shapely.LineString(path.xy_m[first - 1 : first + 1]).intersects(wire):
            direction = "forward" if value else "backward"
            yield TrueEvent("tripwire_crossed", (path.first + first) / fps, None, name, (path.person_id,), direction)


def _actions(path: Path, fps: float) -> Iterator[TrueEvent]:
    half = round(fps / 2)
    if len(path.xy_m) <= 2 * half:
        return
    speed = np.linalg.norm(path.xy_m[2 * half :] - path.xy_m[: -2 * half], axis=1) * fps / (2 * half)
    kinds = (speed >= STANDING_M_S).astype(int) + (speed >= RUNNING_M_S)
    for value, first, last in _settled(kinds, round(ACTION_S * fps)):
        name = ("standing", "walking", "running")[int(value)]
        end = path.first + half + last if last < len(kinds) else path.first + len(path.xy_m) - 1
        yield TrueEvent(name, (path.first + half + first) / fps, end / fps, None, (path.person_id,))


def _loiterings(path: Path, fps: float) -> Iterator[TrueEvent]:
    length, first = round(LOITER_S * fps), 0
    while first + length < len(path.xy_m):
        window = path.xy_m[first : first + length + 1]
        middle = window.mean(axis=0)
        if np.linalg.norm(window - middle, axis=1).max() > LOITER_M:
            first += 1
            continue
        away = np.linalg.norm(path.xy_m[first + length :] - middle, axis=1) > LOITER_LEFT_M
        last = first + length + int(away.argmax()) if away.any() else len(path.xy_m) - 1
        yield TrueEvent("loitering", (path.first + first) / fps, (path.first + last) / fps, None, (path.person_id,))
        first = last


def _occupancy(events: Sequence[TrueEvent], paths: Sequence[Path], fps: float, end: int) -> list[TrueEvent]:
    """One more or one less in a zone, or (without place) on the whole floor."""
    ways = {"zone_entered": "in", "zone_left": "out"}
    found = [
        TrueEvent("occupancy_changed", e.start_s, None, e.place, (), ways[e.type]) for e in events if e.type in ways
    ]
    for path in paths:
        if len(path.xy_m) > SETTLED_S * fps:
            found.append(TrueEvent("occupancy_changed", path.first / fps, None, None, (), "in"))
            last = path.first + len(path.xy_m) - 1
            if last + 1 < end:
                found.append(TrueEvent("occupancy_changed", last / fps, None, None, (), "out"))
    return found


def _crowds(events: Sequence[TrueEvent], limit: int, film_s: float) -> Iterator[TrueEvent]:
    changes: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for event in events:
        if event.type in ("zone_entered", "zone_left"):
            changes[str(event.place)].append((event.start_s, 1 if event.type == "zone_entered" else -1))
    for place, steps in changes.items():
        count, crowds = 0, list[tuple[float, float]]()
        for (time_s, change), (until_s, _) in pairwise([*sorted(steps), (film_s, 0)]):
            count += change
            if count > limit and crowds and time_s - crowds[-1][1] < CROWD_S:
                crowds[-1] = (crowds[-1][0], until_s)
            elif count > limit:
                crowds.append((time_s, until_s))
        for start_s, end_s in crowds:
            if end_s - start_s >= CROWD_S:
                yield TrueEvent("crowded", start_s, end_s if end_s < film_s else None, place)


def _meetings(one: Path, other: Path, fps: float) -> Iterator[TrueEvent]:
    first = max(one.first, other.first)
    last = min(one.first + len(one.xy_m), other.first + len(other.xy_m))
    if first >= last or one.person_id == other.person_id:
        return
    apart = np.linalg.norm(
        one.xy_m[first - one.first : last - one.first] - other.xy_m[first - other.first : last - other.first], axis=1
    )
    people = tuple(sorted((one.person_id, other.person_id)))
    near, together = (_bridged(apart < reach_m, round(SETTLED_S * fps)) for reach_m in (MEETING_M, PARTING_M))
    index = 0
    while index < len(apart):
        began = index + int(near[index:].argmax())
        if not near[began]:
            return
        index = began + _length(near[began:])
        if index - began <= MEETING_S * fps:
            continue
        index = began + _length(together[began:])
        parted = min(index, len(apart) - 1)
        yield TrueEvent("met", (first + began) / fps, (first + parted) / fps, None, people)


def _bridged(values: Bools, gap: int) -> Bools:
    """Fill gaps of less than ``gap`` samples."""
    filled = values.copy()
    found = np.flatnonzero(values)
    for before, after in pairwise(found):
        if after - before - 1 < gap:
            filled[before:after] = True
    return filled


def _length(values: Bools) -> int:
    """Count the samples before the first that is false."""
    return len(values) if values.all() else int(values.argmin())


def _settled(values: NDArray[np.generic], least: int, clear: Bools | None = None) -> list[tuple[int, int, int]]:
    """Split into runs (value, first, behind the last), where what lasts less than ``least`` samples never was.

    Nor what is at no sample ``clear``, with such interruptions left out.

    Runs are taken in their order: a value holds from where it begins to last, until the next that lasts.
    """
    edges = [0, *(np.flatnonzero(np.diff(values.astype(int))) + 1), len(values)]
    runs = _joined(
        [(int(values[first]), first, last) for first, last in pairwise(edges) if last - first >= least], least
    )
    if clear is not None:
        runs = [run for run in runs if (clear & (values == run[0]))[run[1] : run[2]].any()]
    runs = _joined(runs)
    return [(*run[:2], after[1]) for run, after in pairwise([*runs, (0, len(values), 0)])]


def _joined(runs: list[tuple[int, int, int]], nearer: int | None = None) -> list[tuple[int, int, int]]:
    """Join runs of one value that follow each other (``nearer``: only those with less than this in between)."""
    joined: list[tuple[int, int, int]] = []
    for value, first, last in runs:
        if joined and joined[-1][0] == value and (nearer is None or first - joined[-1][2] < nearer):
            joined[-1] = (value, joined[-1][1], last)
        else:
            joined.append((value, first, last))
    return joined


@dataclass(frozen=True, slots=True)
class Score:
    """How many events there are, were told, and are right."""

    true: int
    found: int
    matched: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where there is nothing and nothing was found."""
        return 1.0 if self.true + self.found == 0 else 2 * self.matched / (self.true + self.found)


def score(
    true: Sequence[TrueEvent], found: Sequence[TrueEvent], tolerance_s: float, *, by_person: bool = True
) -> dict[str, Score]:
    """Match events one to one, by type; ``all`` is over all types.

    A match has the same type, place, direction and (``by_person``) people, and begins within the tolerance; what lasts
    ends within it, too.
    """
    groups: dict[tuple[object, ...], tuple[list[TrueEvent], list[TrueEvent]]] = defaultdict(lambda: ([], []))
    for side, events in enumerate((true, found)):
        for event in events:
            who = event.people if by_person else len(event.people)
            groups[event.type, event.place, event.direction, who][side].append(event)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (kind, *_), (wanted, told) in groups.items():
        for name in (str(kind), "all"):
            counts[name][0] += len(wanted)
            counts[name][1] += len(told)
            counts[name][2] += _matches(wanted, told, tolerance_s)
    return {name: Score(*numbers) for name, numbers in sorted(counts.items())}


def _matches(true: Sequence[TrueEvent], found: Sequence[TrueEvent], tolerance_s: float) -> int:
    left, matched = sorted(found, key=lambda event: event.start_s), 0
    for event in sorted(true, key=lambda event: event.start_s):
        for candidate in left:
            if _alike(event, candidate, tolerance_s):
                left.remove(candidate)
                matched += 1
                break
    return matched


def _alike(one: TrueEvent, other: TrueEvent, tolerance_s: float) -> bool:
    ends = (one.end_s is None) == (other.end_s is None)
    if ends and one.end_s is not None and other.end_s is not None:
        ends = abs(one.end_s - other.end_s) <= tolerance_s
    return ends and abs(one.start_s - other.start_s) <= tolerance_s
