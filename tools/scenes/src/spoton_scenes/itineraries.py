"""Where a person wants to go next: in by a door, around the floor, out again, back after a while. Pure."""

from dataclasses import dataclass

import numpy as np

from spoton_scenes.scene import Door, Scene

Point = tuple[float, float]
_PASSAGE_M = 1.1
"""How far behind the wall people walk in the passage."""
_HIDDEN_M = 3.6
"""How far beside a door somebody appears and vanishes: out of sight from nearly everywhere in the room."""


@dataclass(frozen=True)
class Leg:
    """Walk to `goal`, then stand for `pause_s`; `doorway` legs may leave the floor rectangle."""

    goal: Point
    pause_s: float = 0.0
    doorway: bool = False


def entering(door: Door, side: float) -> tuple[Point, list[Leg]]:
    """(where somebody appears, the legs that bring them through the door)."""
    hidden, behind, inside = _door_points(door, side)
    return hidden, [Leg(behind, doorway=True), Leg(inside, doorway=True)]


def leaving(door: Door, side: float) -> list[Leg]:
    """Return the legs out through the door to where they vanish."""
    hidden, behind, inside = _door_points(door, side)
    return [Leg(inside), Leg(behind, doorway=True), Leg(hidden, doorway=True)]


def wandering(scene: Scene, start: Point, stops: int, rng: np.random.Generator) -> list[Leg]:
    """Choose `stops` places on the floor, each well away from the one before, some with a pause."""
    legs: list[Leg] = []
    here = start
    for _ in range(stops):
        here = free_place(scene, here, rng)
        pause = float(rng.uniform(*scene.pause_s)) if rng.random() < 0.3 else 0.0
        legs.append(Leg(here, pause))
    return legs


def free_place(scene: Scene, away_from: Point, rng: np.random.Generator) -> Point:
    """Choose a random place on the floor, clear of obstacles, preferably far from `away_from`."""
    far = 0.35 * float(np.hypot(scene.width_m, scene.depth_m))
    place = (scene.width_m / 2, scene.depth_m / 2)
    for attempt in range(60):
        place = (float(rng.uniform(0.9, scene.width_m - 0.9)), float(rng.uniform(0.9, scene.depth_m - 0.9)))
        clear = all(np.hypot(place[0] - o.x_m, place[1] - o.y_m) > o.radius_m + 0.8 for o in scene.obstacles)
        if clear and (attempt > 40 or np.hypot(place[0] - away_from[0], place[1] - away_from[1]) > far):
            break
    return place


def _door_points(door: Door, side: float) -> tuple[Point, Point, Point]:
    along = (-door.inward_y * side, door.inward_x * side)
    behind = (door.x_m - door.inward_x * _PASSAGE_M, door.y_m - door.inward_y * _PASSAGE_M)
    inside = (door.x_m + door.inward_x * 0.9, door.y_m + door.inward_y * 0.9)
    hidden = (behind[0] + along[0] * _HIDDEN_M, behind[1] + along[1] * _HIDDEN_M)
    return hidden, behind, inside
