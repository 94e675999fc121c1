"""The meshes of everything but the people: floor, walls with doors, obstacles, posters.

Meshes are in the renderer's world frame: the floor frame with y mirrored (right-handed, metres).
"""

from dataclasses import dataclass

import numpy as np

from spoton_scenes.fabrics import Image, Rgb
from spoton_scenes.meshes import Mesh, box, ellipsoid, merge, quad, tube
from spoton_scenes.scene import Door, Obstacle, Scene
from spoton_scenes.surfaces import APRON_M, floor_picture, poster, wall_picture

WHITE: Rgb = (1.0, 1.0, 1.0)
DOOR_HEIGHT_M = 2.3
CORRIDOR_M = 2.2
"""Depth of the passage that runs behind every wall."""
_FAR_M = 60.0


@dataclass(frozen=True)
class Surface:
    """A static mesh; `occludes` is false for what lies under the people (the floor)."""

    mesh: Mesh
    texture: Image | None = None
    occludes: bool = True


def build_surroundings(scene: Scene) -> list[Surface]:
    """All static surfaces, the floor ones first and in drawing order."""
    surfaces = _floor(scene)
    if scene.look.indoors:
        surfaces += _walls(scene)
    surfaces += [Surface(_obstacle_mesh(obstacle)) for obstacle in scene.obstacles]
    return surfaces


def _floor(scene: Scene) -> list[Surface]:
    picture, _ = floor_picture(scene)
    low, right, far = -APRON_M, scene.width_m + APRON_M, scene.depth_m + APRON_M
    corners = [(low, -far, 0), (right, -far, 0), (right, -low, 0), (low, -low, 0)]
    ground = [(-_FAR_M, -_FAR_M, 0), (_FAR_M, -_FAR_M, 0), (_FAR_M, _FAR_M, 0), (-_FAR_M, _FAR_M, 0)]
    mean = tuple(float(value) / 255 for value in picture.reshape(-1, 3).mean(axis=0))
    return [
        Surface(quad(ground, mean), occludes=False),
        Surface(quad(corners, WHITE), picture, occludes=False),
    ]


def _walls(scene: Scene) -> list[Surface]:
    """Four walls seen from inside only, a dark passage behind them, posters on them."""
    rng = np.random.default_rng([scene.look.texture_seed, 3])
    picture = wall_picture(scene)
    height = scene.look.wall_height_m
    pieces, back, surfaces = [], [], []
    for start, end in _sides(scene):
        length = float(np.hypot(*(end - start)))
        along = (end - start) / length
        inward = np.array([-along[1], along[0]])
        gaps = sorted(_gap(door, start, along) for door in scene.doors if _on_wall(door, inward, start))
        edges = [0.0, *(edge for gap in gaps for edge in gap), length]
        for first, second in zip(edges[::2], edges[1::2], strict=True):
            pieces.append(_upright(start + along * first, start + along * second, 0.0, height, height))
        for first, second in gaps:
            pieces.append(_upright(start + along * first, start + along * second, DOOR_HEIGHT_M, height, height))
        outer = -inward * CORRIDOR_M
        back.append(
            _upright(
                start + outer - along * CORRIDOR_M,
                end + outer + along * CORRIDOR_M,
                0.0,
                height,
                height,
                (0.4, 0.4, 0.42),
            )
        )
        surfaces += _posters(rng, start, along, inward, length, gaps)
    return [Surface(merge(back), picture), Surface(merge(pieces), picture), *surfaces]


def _sides(scene: Scene) -> list[tuple[np.ndarray, np.ndarray]]:
    """Wall runs in the floor frame, the room on the (-along_y, along_x) side of each."""
    w, d = scene.width_m, scene.depth_m
    corners = [np.array(corner) for corner in ((0.0, 0.0), (w, 0.0), (w, d), (0.0, d))]
    return [(corners[i], corners[(i + 1) % 4]) for i in range(4)]


def _on_wall(door: Door, inward: np.ndarray, start: np.ndarray) -> bool:
    facing = door.inward_x * inward[0] + door.inward_y * inward[1]
    offset = (door.x_m - start[0]) * inward[0] + (door.y_m - start[1]) * inward[1]
    return bool(facing > 0.9 and abs(offset) < 0.01)


def _gap(door: Door, start: np.ndarray, along: np.ndarray) -> tuple[float, float]:
    middle = float((door.x_m - start[0]) * along[0] + (door.y_m - start[1]) * along[1])
    return middle - door.width_m / 2, middle + door.width_m / 2


def _upright(start: np.ndarray, end: np.ndarray, low: float, high: float, full: float, colour: Rgb = WHITE) -> Mesh:
    """Make a wall piece from `start` to `end` (floor frame), visible from the room."""
    length = float(np.hypot(*(end - start)))
    corners = [
        (start[0], -start[1], low),
        (end[0], -end[1], low),
        (end[0], -end[1], high),
        (start[0], -start[1], high),
    ]
    u, below, above = length / 2.0, low / full, high / full
    return quad(corners, colour, ((0, below), (u, below), (u, above), (0, above)))


def _posters(
    rng: np.random.Generator,
    start: np.ndarray,
    along: np.ndarray,
    inward: np.ndarray,
    length: float,
    gaps: list[tuple[float, float]],
) -> list[Surface]:
    surfaces = []
    for _ in range(int(rng.integers(0, 4))):
        width, height = rng.uniform(0.6, 1.6), rng.uniform(0.6, 1.2)
        at, low = rng.uniform(0.3, max(0.4, length - width - 0.3)), rng.uniform(1.1, 1.6)
        picture = poster(rng)
        if all(at + width < first - 0.1 or at > second + 0.1 for first, second in gaps):
            first = start + along * at + inward * 0.02
            mesh = _upright(first, first + along * width, low, low + height, height)
            uv = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float64)
            surfaces.append(Surface(Mesh(mesh.vertices, mesh.normals, uv, mesh.colours, mesh.triangles), picture))
    return surfaces


def _obstacle_mesh(obstacle: Obstacle) -> Mesh:
    x, y, height = obstacle.x_m, -obstacle.y_m, obstacle.height_m
    if obstacle.kind == "pillar":
        r = obstacle.radius_m
        rings = [(0, r * 1.15, r * 1.15), (0.12, r * 1.15, r * 1.15), (0.14, r, r), (height, r, r)]
        return _moved(tube(rings, obstacle.colour, around=20), x, y)
    if obstacle.kind == "plant":
        r = obstacle.radius_m
        pot = tube([(0, 0.6 * r, 0.6 * r), (0.35 * height, 0.8 * r, 0.8 * r)], (0.45, 0.28, 0.2))
        tones = ((0.16, 0.36, 0.15), (0.2, 0.44, 0.18), (0.13, 0.3, 0.13))
        leaves = [
            ellipsoid(
                (0.6 * r, 0.6 * r, 0.24 * height),
                (0.45 * r * np.cos(a), 0.45 * r * np.sin(a), height * (0.55 + 0.2 * (i % 2))),
                tones[i % 3],
                8,
                6,
            )
            for i, a in enumerate(np.arange(4) * 1.7)
        ]
        return _moved(merge([pot, *leaves]), x, y)
    size = np.array([2 * obstacle.half_x_m, 2 * obstacle.half_y_m, height])
    return box(size, (x, y, height / 2), obstacle.colour)


def _moved(mesh: Mesh, x: float, y: float) -> Mesh:
    return Mesh(mesh.vertices + np.array([x, y, 0.0]), mesh.normals, mesh.uv, mesh.colours, mesh.triangles)
