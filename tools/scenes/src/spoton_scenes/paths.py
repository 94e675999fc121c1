"""Who walks where, when: a crowd that enters, wanders, gives way, leaves and comes back. Pure, no renderer.

The same scene, length and frame rate give the same states bit for bit.
"""

from dataclasses import dataclass, field
from math import atan2, ceil, hypot, pi

import numpy as np
from numpy.typing import NDArray

from spoton_scenes.crowd import keep_apart, steer
from spoton_scenes.errors import SceneArgumentError
from spoton_scenes.itineraries import Leg, Point, entering, free_place, leaving, wandering
from spoton_scenes.scene import Person, PersonState, Scene

MAX_SPEED_M_S = 2.4
"""Nobody moves faster than this, whatever pushes them."""
_STEP_S = 0.05
_ARRIVED_M = 0.45
_GIVE_UP_S = 6.0
_TURN_RAD_S = 4.5
_WALL_M = 0.4
_START_INSIDE = 0.6
"""Share of the people who are on the floor when the film begins."""


@dataclass
class Walker:
    """One person's changing state; `away_s` counts down while they are out of the scene."""

    person: Person
    rng: np.random.Generator
    away_s: float
    position: Point = (0.0, 0.0)
    velocity: Point = (0.0, 0.0)
    heading_rad: float = 0.0
    phase_rad: float = 0.0
    stride: float = 0.0
    pause_s: float = 0.0
    on_leg_s: float = 0.0
    present: bool = False
    legs: list[Leg] = field(default_factory=list)


def simulate(scene: Scene, seconds: float, fps: float) -> list[list[PersonState]]:
    """Everybody's state at each frame: element k lists who is there at k / fps seconds.

    Raises SceneArgumentError when the length or the rate is not positive, or people have no door to use.
    """
    if seconds <= 0 or fps <= 0:
        raise SceneArgumentError("seconds and fps must be positive")
    if scene.people and not scene.doors:
        raise SceneArgumentError("people need at least one door to come in by")
    crowd = _Crowd(scene, seconds)
    substeps = ceil(1 / (fps * _STEP_S))
    frames = []
    for _ in range(round(seconds * fps)):
        frames.append(crowd.states())
        for _ in range(substeps):
            crowd.advance(1 / (fps * substeps))
    return frames


class _Crowd:
    """All walkers of a scene, advanced together."""

    def __init__(self, scene: Scene, seconds: float) -> None:
        self._scene = scene
        rng = np.random.default_rng([scene.seed, 21])
        order = rng.permutation(len(scene.people))
        inside = ceil(_START_INSIDE * len(scene.people))
        self._walkers = []
        for index, person in enumerate(scene.people):
            walker = Walker(person, np.random.default_rng([scene.seed, 22, index]), away_s=0.0)
            if order[index] < inside:
                self._start_inside(walker)
            else:
                walker.away_s = float(walker.rng.uniform(0.0, min(0.4 * seconds, 15.0)))
            self._walkers.append(walker)

    def states(self) -> list[PersonState]:
        """Who is there now."""
        return [
            PersonState(index, *walker.position, walker.heading_rad, walker.phase_rad % (2 * pi), walker.stride)
            for index, walker in enumerate(self._walkers)
            if walker.present
        ]

    def advance(self, step_s: float) -> None:
        """One time step for everybody."""
        for walker in self._walkers:
            if not walker.present:
                walker.away_s -= step_s
                if walker.away_s <= 0:
                    self._try_to_enter(walker)
        present = [walker for walker in self._walkers if walker.present]
        if present:
            self._move(present, step_s)
            for walker in present:
                self._follow_legs(walker, step_s)

    def _move(self, present: list[Walker], step_s: float) -> None:
        before = np.array([walker.position for walker in present])
        velocities = np.array([walker.velocity for walker in present])
        wanted = np.array([_wanted_velocity(walker) for walker in present])
        aimed = steer(before, velocities, wanted, self._scene.obstacles)
        velocities = velocities + (aimed - velocities) * min(1.0, step_s / 0.3)
        limits = np.array([1.3 * walker.person.gait.speed_m_s for walker in present])
        velocities *= np.minimum(1.0, limits / np.maximum(np.linalg.norm(velocities, axis=1), 1e-9))[:, None]
        after = self._inside_walls(present, keep_apart(before + velocities * step_s, self._scene.obstacles))
        moved = after - before
        length = np.linalg.norm(moved, axis=1)
        moved *= np.minimum(1.0, MAX_SPEED_M_S * step_s / np.maximum(length, 1e-9))[:, None]
        for walker, start, shift in zip(present, before, moved, strict=True):
            _step(walker, start, shift, step_s)

    def _inside_walls(self, present: list[Walker], positions: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = _WALL_M, np.array([self._scene.width_m, self._scene.depth_m]) - _WALL_M
        in_doorway = np.array([bool(walker.legs) and walker.legs[0].doorway for walker in present])
        kept = np.where(in_doorway[:, None], positions, np.clip(positions, low, high))
        return np.asarray(self._between_doorposts(kept, in_doorway))

    def _between_doorposts(self, positions: NDArray[np.float64], in_doorway: NDArray[np.bool_]) -> NDArray[np.float64]:
        kept = positions.copy()
        for door in self._scene.doors:
            inward, along = (
                np.array([door.inward_x, door.inward_y]),
                np.array([-door.inward_y, door.inward_x]),
            )
            offset = kept - (door.x_m, door.y_m)
            depth, beside = offset @ inward, offset @ along
            room = door.width_m / 2 - 0.3
            at_wall = in_doorway & (np.abs(depth) < _WALL_M) & (np.abs(beside) < door.width_m)
            excess = beside - np.clip(beside, -room, room)
            kept -= np.where(at_wall, excess, 0.0)[:, None] * along
        return kept

    def _follow_legs(self, walker: Walker, step_s: float) -> None:
        walker.on_leg_s += step_s
        if walker.pause_s > 0:
            walker.pause_s -= step_s
            return
        leg = walker.legs[0]
        away = hypot(leg.goal[0] - walker.position[0], leg.goal[1] - walker.position[1])
        patience_s = _GIVE_UP_S + 2.0 * hypot(self._scene.width_m, self._scene.depth_m)
        if away > _ARRIVED_M and (leg.doorway or walker.on_leg_s < patience_s):
            return
        walker.pause_s, walker.on_leg_s = leg.pause_s, 0.0
        walker.legs.pop(0)
        if not walker.legs:
            walker.present = False
            walker.away_s = float(walker.rng.uniform(*self._scene.away_s))

    def _start_inside(self, walker: Walker) -> None:
        for _ in range(60):
            place = free_place(self._scene, walker.position, walker.rng)
            if self._is_free(place, 0.9):
                break
        walker.legs = [
            *wandering(self._scene, place, int(walker.rng.integers(1, 4)), walker.rng),
            *self._way_out(walker),
        ]
        self._appear(walker, place)

    def _try_to_enter(self, walker: Walker) -> None:
        """Come in by a random door, or try again a little later when somebody stands in the way."""
        door = self._scene.doors[int(walker.rng.integers(len(self._scene.doors)))]
        start, legs = entering(door, float(walker.rng.choice((-1.0, 1.0))))
        if not self._is_free(start, 1.0):
            walker.away_s = 0.4
            return
        stops = wandering(self._scene, legs[-1].goal, int(walker.rng.integers(2, 5)), walker.rng)
        walker.legs = [*legs, *stops, *self._way_out(walker)]
        self._appear(walker, start)

    def _way_out(self, walker: Walker) -> list[Leg]:
        door = self._scene.doors[int(walker.rng.integers(len(self._scene.doors)))]
        return leaving(door, float(walker.rng.choice((-1.0, 1.0))))

    def _appear(self, walker: Walker, place: Point) -> None:
        walker.position, walker.present, walker.on_leg_s = place, True, 0.0
        walker.velocity = _wanted_velocity(walker)
        walker.heading_rad = atan2(walker.velocity[1], walker.velocity[0])
        walker.phase_rad, walker.stride = float(walker.rng.uniform(0, 2 * pi)), 1.0

    def _is_free(self, place: Point, distance_m: float) -> bool:
        others = (walker.position for walker in self._walkers if walker.present)
        return all(hypot(place[0] - x, place[1] - y) > distance_m for x, y in others)


def _wanted_velocity(walker: Walker) -> Point:
    if walker.pause_s > 0 or not walker.legs:
        return (0.0, 0.0)
    goal = walker.legs[0].goal
    dx, dy = goal[0] - walker.position[0], goal[1] - walker.position[1]
    scale = walker.person.gait.speed_m_s / max(hypot(dx, dy), 1e-6)
    return (dx * scale, dy * scale)


def _step(walker: Walker, start: NDArray[np.float64], shift: NDArray[np.float64], step_s: float) -> None:
    """Move by `shift`, turn towards the way walked, and let the legs keep up with the distance."""
    walker.position = (float(start[0] + shift[0]), float(start[1] + shift[1]))
    walker.velocity = (float(shift[0]) / step_s, float(shift[1]) / step_s)
    distance = hypot(*shift)
    speed, gait = distance / step_s, walker.person.gait
    target = min(1.2, speed / gait.speed_m_s) if speed > 0.12 else 0.0
    walker.stride += (target - walker.stride) * min(1.0, step_s / 0.2)
    walker.stride = 0.0 if walker.stride < 0.02 else walker.stride
    if speed > 0.12:
        walker.phase_rad += gait.phase_per_metre() * distance / max(walker.stride, 0.3)
        turn = (atan2(shift[1], shift[0]) - walker.heading_rad + pi) % (2 * pi) - pi
        most = _TURN_RAD_S * step_s
        walker.heading_rad += min(most, max(-most, turn))
