"""Scenes drawn at random, as wide as a detector or an embedder needs them for training."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spoton_scenes.appearance import random_appearance
from spoton_scenes.cameras import Camera
from spoton_scenes.fabrics import Rgb, hsv
from spoton_scenes.gait import random_gait
from spoton_scenes.render import SceneRenderer
from spoton_scenes.scene import Look, Obstacle, Person, PersonState, Scene
from spoton_scenes.surfaces import FLOOR_STYLES, GROUND_STYLES, WALL_STYLES
from spoton_scenes.truth import PersonBox

_APART_M = 0.55


def random_scene(
    seed: int, *, people: int | None = None, cameras: int = 4, width_px: int = 960, height_px: int = 540
) -> Scene:
    """Draw everything at random: room or open ground, light, clutter, people (0-20 unless told), cameras."""
    rng = np.random.default_rng([seed, 11])
    count = int(rng.integers(0, 21)) if people is None else people
    width, depth = float(rng.uniform(6, 20)), float(rng.uniform(6, 16))
    look = random_look(rng, indoors=bool(rng.random() < 0.7))
    return Scene(
        name=f"random-{seed}",
        seed=seed,
        width_m=width,
        depth_m=depth,
        cameras=tuple(_random_camera(rng, f"c{i}", width, depth, width_px, height_px) for i in range(cameras)),
        people=random_people(rng, count),
        obstacles=random_obstacles(rng, width, depth, int(rng.integers(0, 9))),
        doors=(),
        look=look,
    )


def random_people(rng: np.random.Generator, count: int) -> tuple[Person, ...]:
    """People whose tops' hues are spread over the colour circle, in random order."""
    hues = (np.arange(count) / max(1, count) + rng.random()) % 1.0
    people = []
    for person_id, hue in enumerate(rng.permutation(hues), start=1):
        looks = random_appearance(rng, float(hue))
        freedom = 0.85 if looks.bottom == "skirt" or looks.top == "coat" else 1.0
        people.append(Person(person_id, looks, random_gait(rng, looks.height_m, freedom)))
    return tuple(people)


def random_look(rng: np.random.Generator, indoors: bool) -> Look:
    """Surfaces and light."""
    azimuth, slant = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.9)
    strength, warm = rng.uniform(0.4, 0.8), rng.uniform(-0.08, 0.08)
    ambient = rng.uniform(0.38, 0.62)
    return Look(
        floor_style=str(rng.choice(FLOOR_STYLES if indoors else GROUND_STYLES)),
        floor_colours=_colour_pair(rng),
        wall_style=str(rng.choice(WALL_STYLES)),
        wall_colours=_colour_pair(rng),
        wall_height_m=float(rng.uniform(2.8, 6.5)) if indoors else 0.0,
        sky=hsv(rng.uniform(0.52, 0.65), rng.uniform(0.05, 0.4), rng.uniform(0.3, 0.95)),
        ambient=(ambient, ambient, ambient),
        key=(strength * (1 + warm), strength, strength * (1 - warm)),
        key_direction=(float(np.cos(azimuth) * slant), float(np.sin(azimuth) * slant), -1.0),
        fill=(0.18, 0.19, 0.21),
        texture_seed=int(rng.integers(2**31)),
    )


def random_obstacles(rng: np.random.Generator, width: float, depth: float, count: int) -> tuple[Obstacle, ...]:
    """Pillars, crates, plants and screens that keep a person's width between each other."""
    obstacles: list[Obstacle] = []
    for _ in range(count):
        kind = str(rng.choice(("pillar", "crate", "plant", "screen")))
        x, y = float(rng.uniform(1, width - 1)), float(rng.uniform(1, depth - 1))
        colour = hsv(rng.random(), rng.uniform(0, 0.5), rng.uniform(0.25, 0.9))
        half_x, half_y = float(rng.uniform(0.15, 0.6)), float(rng.uniform(0.15, 0.6))
        obstacle = {
            "pillar": Obstacle("pillar", x, y, half_x * 0.6, half_x * 0.6, float(rng.uniform(2, 5)), colour),
            "crate": Obstacle("crate", x, y, half_x, half_y, float(rng.uniform(0.4, 1.6)), colour),
            "plant": Obstacle("plant", x, y, half_x, half_x, float(rng.uniform(0.8, 2.0)), colour),
            "screen": Obstacle("screen", x, y, half_x * 2, 0.05, float(rng.uniform(1.2, 2.2)), colour),
        }[kind]
        if all(np.hypot(x - o.x_m, y - o.y_m) > obstacle.radius_m + o.radius_m + 0.8 for o in obstacles):
            obstacles.append(obstacle)
    return tuple(obstacles)


def random_states(scene: Scene, rng: np.random.Generator) -> list[PersonState]:
    """Everybody at a free random place, walking or standing, some in pairs."""
    states: list[PersonState] = []
    for index in range(len(scene.people)):
        for _ in range(30):
            x, y = rng.uniform(0.5, scene.width_m - 0.5), rng.uniform(0.5, scene.depth_m - 0.5)
            if states and rng.random() < 0.35:
                near = states[int(rng.integers(len(states)))]
                x, y = near.x_m + rng.normal(0, 0.8), near.y_m + rng.normal(0, 0.8)
            if _is_free(scene, states, x, y):
                stride = float(rng.uniform(0.5, 1.1)) if rng.random() < 0.75 else 0.0
                heading, phase = rng.uniform(0, 2 * np.pi, 2)
                states.append(PersonState(index, float(x), float(y), float(heading), float(phase), stride))
                break
    return states


def iterate_frames(
    scene: Scene, frames: int, *, width_px: int = 960, height_px: int = 540, supersample: float = 1.0
) -> Iterator[tuple[NDArray[np.uint8], list[PersonBox]]]:
    """`frames` images of the scene's people in new places each time, the cameras taking turns.

    Yields (image (height, width, 3) BGR uint8, boxes). The same scene and arguments yield the same bytes.
    """
    rng = np.random.default_rng([scene.seed, 12])
    with SceneRenderer(scene, width_px, height_px, supersample) as renderer:
        states: list[PersonState] = []
        for index in range(frames):
            if index % len(scene.cameras) == 0:
                states = random_states(scene, rng)
            frame = renderer.render(index % len(scene.cameras), states)
            yield frame.image, frame.boxes


def _is_free(scene: Scene, states: list[PersonState], x: float, y: float) -> bool:
    inside = 0.3 < x < scene.width_m - 0.3 and 0.3 < y < scene.depth_m - 0.3
    return (
        inside
        and all(np.hypot(x - other.x_m, y - other.y_m) > _APART_M for other in states)
        and all(np.hypot(x - o.x_m, y - o.y_m) > o.radius_m + 0.3 for o in scene.obstacles)
    )


def _random_camera(
    rng: np.random.Generator, name: str, width: float, depth: float, width_px: int, height_px: int
) -> Camera:
    side, height = int(rng.integers(4)), float(rng.uniform(2.0, 6.0))
    along = rng.uniform(0.05, 0.95)
    inset = 0.15
    x, y = [
        (along * width, inset),
        (width - inset, along * depth),
        (along * width, depth - inset),
        (inset, along * depth),
    ][side]
    tx, ty = rng.uniform(0.25, 0.75) * width, rng.uniform(0.25, 0.75) * depth
    focal = width_px * float(rng.uniform(0.55, 1.25))
    gains = tuple(float(value) for value in rng.uniform(0.82, 1.12) * rng.uniform(0.93, 1.07, 3))
    target = (float(tx), float(ty), float(rng.uniform(0.2, 1.4)))
    return Camera(
        name, (float(x), float(y), height), target, focal, width_px, height_px, (gains[0], gains[1], gains[2])
    )


def _colour_pair(rng: np.random.Generator) -> tuple[Rgb, Rgb]:
    hue, saturation, value = rng.random(), rng.uniform(0, 0.35) ** 1.3, rng.uniform(0.3, 0.85)
    second = float(np.clip(value + rng.choice((-1, 1)) * rng.uniform(0.08, 0.3), 0.15, 0.95))
    return hsv(hue, saturation, value), hsv(hue + rng.normal(0, 0.05), saturation, second)
