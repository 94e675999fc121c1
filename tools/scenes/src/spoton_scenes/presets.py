"""The named scenes: how large, how many, how filmed. A scene follows from its preset, seed and counts."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from spoton_scenes.cameras import Camera
from spoton_scenes.errors import SceneArgumentError
from spoton_scenes.fabrics import Rgb, hsv
from spoton_scenes.random_scenes import random_people
from spoton_scenes.scene import Door, Look, Obstacle, Person, Scene

CAMERA_HEIGHT_M = 3.3
WALL_HEIGHT_M = 3.7
_FLOORS: tuple[tuple[str, Rgb, Rgb], ...] = (
    ("tiles", (0.80, 0.77, 0.72), (0.62, 0.60, 0.57)),
    ("planks", (0.74, 0.58, 0.42), (0.58, 0.43, 0.30)),
    ("terrazzo", (0.78, 0.78, 0.76), (0.66, 0.63, 0.60)),
    ("checker", (0.82, 0.81, 0.78), (0.66, 0.67, 0.68)),
    ("concrete", (0.70, 0.70, 0.69), (0.60, 0.60, 0.60)),
)
_CLOTHES = ("top", "top_pattern", "top_colours", "bottom", "bottom_pattern", "bottom_colours")
_WALLS: tuple[tuple[str, Rgb, Rgb], ...] = (
    ("two-tone", (0.90, 0.89, 0.86), (0.55, 0.66, 0.68)),
    ("panels", (0.88, 0.86, 0.82), (0.70, 0.67, 0.62)),
    ("plain", (0.89, 0.90, 0.90), (0.60, 0.62, 0.64)),
    ("bricks", (0.74, 0.56, 0.48), (0.84, 0.79, 0.74)),
)


@dataclass(frozen=True)
class Preset:
    """A named kind of scene; cameras stand round one floor ("overlap") or each watches a stretch ("gaps").

    `outfits` is how many sets of clothes there are to share; 0: everybody has their own. `away_s`: see `Scene`.
    """

    name: str
    title: str
    floor_m: tuple[float, float]
    cameras: int
    people: int
    obstacles: int
    batches: int
    layout: Literal["overlap", "gaps"] = "overlap"
    batch_seconds: float = 10.0
    fps: int = 10
    width_px: int = 960
    height_px: int = 540
    outfits: int = 0
    away_s: tuple[float, float] = (1.5, 6.0)


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("demo", "Demo hall", (12.0, 9.0), cameras=4, people=8, obstacles=3, batches=4),
        Preset("easy", "Small room", (10.0, 8.0), cameras=2, people=3, obstacles=0, batches=2),
        Preset("crowd", "Busy hall", (14.0, 11.0), cameras=4, people=20, obstacles=5, batches=3),
        Preset(
            "blind-gap",
            "Long hall with blind gaps",
            (30.0, 8.0),
            cameras=3,
            people=7,
            obstacles=3,
            batches=6,
            layout="gaps",
        ),
        Preset("large", "Concourse", (32.0, 22.0), cameras=12, people=40, obstacles=12, batches=3),
        Preset("alike", "Staff in uniforms", (12.0, 9.0), cameras=4, people=9, obstacles=3, batches=4, outfits=3),
        Preset(
            "returns",
            "Hall to which people return after minutes",
            (12.0, 9.0),
            cameras=4,
            people=8,
            obstacles=3,
            batches=6,
            batch_seconds=50.0,
            fps=5,
            away_s=(60.0, 150.0),
        ),
    )
}


def find_preset(name: str) -> Preset:
    """Find the preset of that name; SceneArgumentError lists the known ones otherwise."""
    if name not in PRESETS:
        raise SceneArgumentError(f"unknown preset {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]


def adjusted(
    preset: Preset,
    *,
    cameras: int | None = None,
    people: int | None = None,
    seconds: float | None = None,
    fps: int | None = None,
) -> Preset:
    """Change a preset's counts; `seconds` is the whole film, cut into batches of about the preset's length.

    Raises SceneArgumentError when one of them makes no film.
    """
    changed = replace(
        preset,
        cameras=preset.cameras if cameras is None else cameras,
        people=preset.people if people is None else people,
        fps=preset.fps if fps is None else fps,
    )
    if changed.cameras < 1:
        raise SceneArgumentError(f"cameras must be at least 1, not {changed.cameras}")
    if changed.people < 0 or changed.people > 65535:
        raise SceneArgumentError(f"people must be between 0 and 65535, not {changed.people}")
    if changed.fps < 1:
        raise SceneArgumentError(f"fps must be at least 1, not {changed.fps}")
    if seconds is None:
        return changed
    if round(seconds * changed.fps) < 1:
        raise SceneArgumentError(f"seconds must hold at least one frame, not {seconds}")
    batches = max(1, round(seconds / changed.batch_seconds))
    return replace(changed, batches=batches, batch_seconds=seconds / batches)


def build_scene(preset: Preset, seed: int) -> Scene:
    """Build the scene of a preset and a seed."""
    rng = np.random.default_rng([seed, 31])
    width, depth = preset.floor_m
    return Scene(
        name=preset.name,
        seed=seed,
        width_m=width,
        depth_m=depth,
        cameras=_cameras(preset, rng),
        people=_dressed(random_people(rng, preset.people), preset.outfits),
        obstacles=_obstacles(preset, rng),
        doors=_doors(width, depth),
        look=_look(rng),
        away_s=preset.away_s,
    )


def _dressed(people: tuple[Person, ...], outfits: int) -> tuple[Person, ...]:
    """Let people share the clothes of the first few; bodies, hair, shoes and bags stay their own."""
    if outfits == 0:
        return people
    shared = [person.looks for person in people[:outfits]]
    dressed = []
    for index, person in enumerate(people):
        worn = {name: getattr(shared[index % outfits], name) for name in _CLOTHES}
        dressed.append(replace(person, looks=replace(person.looks, **worn)))
    return tuple(dressed)


def _cameras(preset: Preset, rng: np.random.Generator) -> tuple[Camera, ...]:
    place = _stretch_camera if preset.layout == "gaps" else _corner_camera
    cameras = []
    for index in range(preset.cameras):
        (x, y), (tx, ty), focal = place(preset, index)
        gains = [float(value) for value in rng.uniform(0.95, 1.05, 3)]
        position = (x, y, CAMERA_HEIGHT_M + float(rng.uniform(-0.2, 0.2)))
        target = (tx + float(rng.uniform(-0.3, 0.3)), ty + float(rng.uniform(-0.3, 0.3)), 0.5)
        cameras.append(
            Camera(
                f"c{index}",
                position,
                target,
                focal * preset.width_px,
                preset.width_px,
                preset.height_px,
                (gains[0], gains[1], gains[2]),
            )
        )
    return tuple(cameras)


def _corner_camera(preset: Preset, index: int) -> tuple[tuple[float, float], tuple[float, float], float]:
    """(position, target, focal length in image widths): corners first, opposite ones in turn, then sides."""
    (width, depth), inset = preset.floor_m, 0.25
    corners = [(inset, inset), (width - inset, depth - inset), (width - inset, inset), (inset, depth - inset)]
    if index < 4:
        x, y = corners[index]
    else:
        share = (index - 3.5) / max(1, preset.cameras - 4)
        around = share * 2 * (width + depth)
        x, y = _on_border(around, width, depth, inset)
    pull = 0.85 if preset.cameras <= 4 else 0.5
    target = (x + (width / 2 - x) * pull, y + (depth / 2 - y) * pull)
    return (x, y), target, 0.66


def _on_border(around: float, width: float, depth: float, inset: float) -> tuple[float, float]:
    """Find the point `around` metres along the border from (0, 0), a little inside."""
    for length, start, step in (
        (width, (0.0, 0.0), (1, 0)),
        (depth, (width, 0.0), (0, 1)),
        (width, (width, depth), (-1, 0)),
        (depth, (0.0, depth), (0, -1)),
    ):
        if around < length:
            x, y = start[0] + step[0] * around, start[1] + step[1] * around
            return min(width - inset, max(inset, x)), min(depth - inset, max(inset, y))
        around -= length
    return inset, inset


def _stretch_camera(preset: Preset, index: int) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Each camera looks steeply across its own stretch of a long floor; between two views nobody is seen."""
    width, depth = preset.floor_m
    middle = (index + 0.5) * width / preset.cameras
    y, toward = (0.2, depth * 0.75) if index % 2 == 0 else (depth - 0.2, depth * 0.25)
    return (middle, y), (middle + 0.01, toward), 0.95


def _obstacles(preset: Preset, rng: np.random.Generator) -> tuple[Obstacle, ...]:
    """Pillars, then plants and crates, spread over the inner floor with room to walk between them."""
    width, depth = preset.floor_m
    obstacles: list[Obstacle] = []
    for index in range(preset.obstacles):
        for _ in range(100):
            x, y = float(rng.uniform(0.22, 0.78) * width), float(rng.uniform(0.25, 0.75) * depth)
            if all(np.hypot(x - o.x_m, y - o.y_m) > 2.2 for o in obstacles):
                obstacles.append(_obstacle(index, x, y, rng))
                break
    return tuple(obstacles)


def _obstacle(index: int, x: float, y: float, rng: np.random.Generator) -> Obstacle:
    if index % 3 == 2:
        return Obstacle("plant", x, y, 0.4, 0.4, float(rng.uniform(1.1, 1.5)), (0.2, 0.4, 0.2))
    radius = float(rng.uniform(0.22, 0.3))
    return Obstacle("pillar", x, y, radius, radius, WALL_HEIGHT_M, hsv(rng.random(), 0.08, 0.88))


def _doors(width: float, depth: float) -> tuple[Door, ...]:
    """One door in each of three walls, none behind a corner camera."""
    return (
        Door(width * 0.5, 0.0, 0.0, 1.0),
        Door(width, depth * 0.55, -1.0, 0.0),
        Door(width * 0.38, depth, 0.0, -1.0),
        Door(0.0, depth * 0.5, 1.0, 0.0),
    )


def _look(rng: np.random.Generator) -> Look:
    floor_style, *floor = _FLOORS[int(rng.integers(len(_FLOORS)))]
    wall_style, *wall = _WALLS[int(rng.integers(len(_WALLS)))]
    azimuth = float(rng.uniform(0, 2 * np.pi))
    warm = float(rng.uniform(0.0, 0.05))
    return Look(
        floor_style=floor_style,
        floor_colours=(floor[0], floor[1]),
        wall_style=wall_style,
        wall_colours=(wall[0], wall[1]),
        wall_height_m=WALL_HEIGHT_M,
        sky=(0.16, 0.17, 0.19),
        ambient=(0.56, 0.56, 0.58),
        key=(0.52 + warm, 0.52, 0.52 - warm),
        key_direction=(0.6 * float(np.cos(azimuth)), 0.6 * float(np.sin(azimuth)), -1.0),
        fill=(0.14, 0.15, 0.17),
        texture_seed=int(rng.integers(2**31)),
    )
