"""Pictures of the floor and the walls. The floor's picture is also the map that people are drawn on."""

import cv2
import numpy as np
from numpy.typing import NDArray

from spoton_scenes.fabrics import Image, smooth_noise, to_bytes
from spoton_scenes.scene import Scene

FLOOR_STYLES = ("tiles", "checker", "planks", "carpet", "concrete", "terrazzo")
GROUND_STYLES = ("asphalt", "paving", "grass", "concrete")
WALL_STYLES = ("plain", "bricks", "panels", "two-tone")
APRON_M = 3.0
"""The floor goes on this far outside the rectangle (behind the walls)."""


def floor_picture(scene: Scene, longest_px: int = 1024) -> tuple[Image, float]:
    """(RGB picture, metres per pixel) of the floor; row 0 is y = -APRON_M, column 0 x = -APRON_M."""
    rng = np.random.default_rng([scene.look.texture_seed, 1])
    span_x, span_y = scene.width_m + 2 * APRON_M, scene.depth_m + 2 * APRON_M
    scale = max(span_x, span_y) / longest_px
    height, width = round(span_y / scale), round(span_x / scale)
    y, x = np.mgrid[0:height, 0:width] * scale - APRON_M
    weights, gloss = _floor_pattern(scene.look.floor_style, x, y, rng)
    first, second = (np.asarray(colour) for colour in scene.look.floor_colours)
    colour = first * (1 - weights[..., None]) + second * weights[..., None]
    wear = 1 + 0.05 * smooth_noise((height, width), 90, rng) + rng.normal(0, gloss, (height, width))
    return to_bytes(colour * (wear * _contact_shade(scene, x, y))[..., None]), scale


def _floor_pattern(
    style: str, x: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    """(share of the second colour per pixel, strength of the fine noise)."""
    if style in {"tiles", "paving"}:
        size = float(rng.uniform(0.4, 1.0))
        joint = (x % size < 0.03) | (y % size < 0.03)
        shade = rng.uniform(0, 0.22, (200, 200))[(y // size).astype(int) % 200, (x // size).astype(int) % 200]
        return np.where(joint, 1.0, shade), 0.02
    if style == "checker":
        size = float(rng.uniform(0.5, 1.2))
        return (np.floor(x / size) + np.floor(y / size)) % 2, 0.015
    if style == "planks":
        row = np.floor(y / 0.18).astype(int)
        shift = rng.uniform(0, 2, 500)[row % 500]
        plank = np.floor((x + shift) / 1.6).astype(int)
        shade = rng.uniform(0, 0.6, (97, 89))[row % 97, plank % 89]
        return np.where((y % 0.18 < 0.015) | ((x + shift) % 1.6 < 0.015), 1.0, shade), 0.03
    noise = smooth_noise(x.shape, {"terrazzo": 3, "grass": 5, "carpet": 6}.get(style, 40), rng)
    if style == "terrazzo":
        return (np.abs(noise) > 0.55).astype(float), 0.02
    return 0.5 + 0.5 * noise, {"carpet": 0.06, "grass": 0.1, "asphalt": 0.07}.get(style, 0.03)


def _contact_shade(scene: Scene, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Darkening next to walls and obstacles, and their soft shadows away from the key light."""
    shade = np.ones_like(x)
    if scene.look.indoors:
        inside = np.minimum.reduce([x, y, scene.width_m - x, scene.depth_m - y])
        shade *= np.where(inside < 0, 0.45, 1 - 0.35 * np.exp(-np.maximum(inside, 0) / 0.5))
    along = np.asarray(scene.look.key_direction[:2])
    for obstacle in scene.obstacles:
        for share, strength in ((0.0, 0.45), (0.5, 0.25), (1.0, 0.12)):
            shift = along * obstacle.height_m * 0.45 * share
            dx = (x - obstacle.x_m - shift[0]) / (obstacle.half_x_m + 0.2 + 0.3 * share)
            dy = (y - obstacle.y_m - shift[1]) / (obstacle.half_y_m + 0.2 + 0.3 * share)
            shade *= 1 - strength * np.exp(-((dx**2 + dy**2) ** 2))
    return shade


def wall_picture(scene: Scene) -> Image:
    """Paint a 256x256 tile of wall: 2 m wide, from the floor (bottom row) to the ceiling (top row)."""
    rng = np.random.default_rng([scene.look.texture_seed, 2])
    v, u = np.mgrid[0:256, 0:256] / 256
    v = 1 - v
    first, second = (np.asarray(colour) for colour in scene.look.wall_colours)
    if scene.look.wall_style == "bricks":
        row = np.floor(v * 24)
        weights = ((v * 24 % 1 < 0.14) | ((u * 6 + row * 0.5) % 1 < 0.06)).astype(float)
    elif scene.look.wall_style == "panels":
        weights = ((u * 2 % 1 < 0.025) | (np.abs(v - 0.33) < 0.012)).astype(float) * 0.8
    elif scene.look.wall_style == "two-tone":
        weights = (v < 0.36).astype(float)
    else:
        weights = np.zeros_like(u)
    skirting = v < 0.035
    colour = first * (1 - weights[..., None]) + second * weights[..., None]
    colour = np.where(skirting[..., None], second * 0.5, colour)
    shade = (0.8 + 0.2 * np.minimum(1, v / 0.25)) * (1 + 0.03 * smooth_noise((256, 256), 64, rng))
    return to_bytes(colour * (shade + rng.normal(0, 0.01, shade.shape))[..., None])


def poster(rng: np.random.Generator) -> Image:
    """Paint a 64x64 wall poster of random shapes."""
    image = np.empty((64, 64, 3))
    image[:] = rng.uniform(0.2, 0.95, 3)
    for _ in range(int(rng.integers(2, 6))):
        corner = rng.integers(0, 48, 2)
        size = rng.integers(6, 36, 2)
        image[corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] = rng.uniform(0, 1, 3)
    cv2.circle(
        image,
        tuple(int(v) for v in rng.integers(12, 52, 2)),
        int(rng.integers(4, 14)),
        rng.uniform(0, 1, 3).tolist(),
        -1,
    )
    return to_bytes(image)
