"""Writes an environment folder: environment.yaml, calibration points, map picture, videos, ground truth."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from spoton_scenes.cameras import Camera
from spoton_scenes.errors import OutputError
from spoton_scenes.film import Film, shoot, sub_video_name
from spoton_scenes.ground_truth import write_ground_truth
from spoton_scenes.scene import Door, Scene
from spoton_scenes.surfaces import APRON_M, floor_picture

_MAP_MARGIN_M = 0.5
_POINT_GRID = 5


def write_environment(
    film: Film,
    title: str,
    folder: Path,
    on_batch: Callable[[int], None] = lambda _: None,
    processes: int | None = None,
) -> None:
    """Render the film into `folder`; `on_batch` hears how many frames each finished sub-video holds.

    Cameras with an odd number come with a points file, the others with a homography. Raises OutputError when
    the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        origin_px, metres_per_pixel = _write_map(film.scene, folder / "floor.png")
        for index, camera in enumerate(film.scene.cameras):
            if index % 2:
                _write_points(film.scene, camera, folder / f"{camera.camera_id}.points.csv")
        batches = []
        for batch in shoot(film, folder, processes):
            batches.append(batch)
            on_batch(len(batch.boxes))
        write_ground_truth(film, batches, folder / "ground_truth")
        # last, so that a folder with an environment.yaml is complete
        document = environment_document(film, title, origin_px, metres_per_pixel)
        text = yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=120)
        (folder / "environment.yaml").write_text(text)
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error}") from error


def environment_document(film: Film, title: str, origin_px: tuple[int, int], metres_per_pixel: float) -> dict[str, Any]:
    """Return the content of environment.yaml."""
    scene = film.scene
    width, depth = scene.width_m, scene.depth_m
    return {
        "id": scene.name,
        "name": title,
        "processing_fps": film.fps,
        "cameras": [_camera_entry(film, index, camera) for index, camera in enumerate(scene.cameras)],
        "map": {"image": "floor.png", "metres_per_pixel": metres_per_pixel, "origin_px": list(origin_px)},
        "monitored_area": [[0.0, 0.0], [width, 0.0], [width, depth], [0.0, depth]],
        "zones": _zones(scene),
        "tripwires": [_tripwire(f"door-{index}", door) for index, door in enumerate(scene.doors, start=1)],
    }


def zones_and_tripwires(
    scene: Scene,
) -> tuple[dict[str, list[list[float]]], dict[str, tuple[list[float], list[float]]]]:
    """Return the places for events that `environment.yaml` names: polygons, and lines as (from, to)."""
    wires = [_tripwire(f"door-{index}", door) for index, door in enumerate(scene.doors, start=1)]
    return (
        {zone["id"]: zone["polygon"] for zone in _zones(scene)},
        {wire["id"]: (wire["from"], wire["to"]) for wire in wires},
    )


def calibration_points(scene: Scene, camera: Camera) -> list[tuple[float, float, float, float]]:
    """(image_x, image_y, map_x_m, map_y_m) of the points of a floor grid that the camera sees."""
    xs = np.linspace(0, scene.width_m, 4 * _POINT_GRID + 1)
    ys = np.linspace(0, scene.depth_m, 2 * _POINT_GRID + 1)
    floor = np.array([(x, y, 0.0) for x in xs for y in ys if camera.sees_floor_point(float(x), float(y))])
    pixels, _ = camera.project(floor.reshape(-1, 3))
    rows = np.column_stack([pixels, floor.reshape(-1, 3)[:, :2]])
    step = max(1, len(rows) // 16)
    return [(float(u), float(v), float(x), float(y)) for u, v, x, y in rows[::step]]


def _camera_entry(film: Film, index: int, camera: Camera) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": camera.camera_id,
        "sources": [sub_video_name(camera.camera_id, batch) for batch in range(len(film.batch_frames))],
        "clock_offset_s": 0.0,
    }
    if index % 2:
        entry["points"] = f"{camera.camera_id}.points.csv"
    else:
        entry["homography"] = camera.image_to_floor.tolist()
    return entry


def _write_points(scene: Scene, camera: Camera, path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image_x", "image_y", "map_x_m", "map_y_m"])
        writer.writerows(
            [f"{u:.2f}", f"{v:.2f}", f"{x:.3f}", f"{y:.3f}"] for u, v, x, y in calibration_points(scene, camera)
        )


def _write_map(scene: Scene, path: Path) -> tuple[tuple[int, int], float]:
    """Draw the floor from above, with obstacles: ((x, y) pixel of the floor's origin, metres per pixel)."""
    picture, scale = floor_picture(scene)
    cut = round((APRON_M - _MAP_MARGIN_M) / scale)
    image = np.ascontiguousarray(picture[cut:-cut, cut:-cut, ::-1])
    origin = round(APRON_M / scale) - cut

    def pixel(x_m: float, y_m: float) -> tuple[int, int]:
        return round(x_m / scale) + origin, round(y_m / scale) + origin

    cv2.rectangle(image, pixel(0, 0), pixel(scene.width_m, scene.depth_m), (70, 70, 70), 4)
    for door in scene.doors:
        first, second = _across(door)
        cv2.line(image, pixel(*first), pixel(*second), (225, 225, 225), 5)
    for obstacle in scene.obstacles:
        colour = tuple(int(200 * channel) for channel in obstacle.colour[::-1])
        cv2.circle(
            image,
            pixel(obstacle.x_m, obstacle.y_m),
            round(obstacle.radius_m / scale),
            colour,
            -1,
            cv2.LINE_AA,
        )
        cv2.circle(
            image,
            pixel(obstacle.x_m, obstacle.y_m),
            round(obstacle.radius_m / scale),
            (60, 60, 60),
            2,
            cv2.LINE_AA,
        )
    if not cv2.imwrite(str(path), image):
        raise OSError(f"{path} could not be written")
    return (origin, origin), scale


def _zones(scene: Scene) -> list[dict[str, Any]]:
    """Make a zone inside every door and one in the middle of the floor."""
    zones = [{"id": f"entrance-{index}", "polygon": _entrance(door)} for index, door in enumerate(scene.doors, start=1)]
    x, y, w, d = scene.width_m / 2, scene.depth_m / 2, scene.width_m / 6, scene.depth_m / 6
    zones.append(
        {
            "id": "centre",
            "polygon": _rounded([(x - w, y - d), (x + w, y - d), (x + w, y + d), (x - w, y + d)]),
        }
    )
    return zones


def _entrance(door: Door, reach_m: float = 1.8) -> list[list[float]]:
    first, second = _across(door, 0.4)
    dx, dy = door.inward_x * reach_m, door.inward_y * reach_m
    return _rounded([first, second, (second[0] + dx, second[1] + dy), (first[0] + dx, first[1] + dy)])


def _tripwire(name: str, door: Door) -> dict[str, Any]:
    """Draw a line across the door, half a step inside."""
    first, second = ((x + 0.4 * door.inward_x, y + 0.4 * door.inward_y) for x, y in _across(door, 0.2))
    return {"id": name, "from": _rounded([first])[0], "to": _rounded([second])[0]}


def _across(door: Door, wider_m: float = 0.0) -> tuple[tuple[float, float], tuple[float, float]]:
    half = door.width_m / 2 + wider_m
    along = (-door.inward_y * half, door.inward_x * half)
    return (door.x_m - along[0], door.y_m - along[1]), (door.x_m + along[0], door.y_m + along[1])


def _rounded(points: list[tuple[float, float]]) -> list[list[float]]:
    return [[round(x, 3), round(y, 3)] for x, y in points]
