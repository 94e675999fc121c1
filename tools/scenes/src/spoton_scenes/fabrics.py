"""Small tileable textures: clothes and faces. All are RGB uint8, made from a passed-in generator."""

import colorsys

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Rgb = tuple[float, float, float]
SIZE = 64
CLOTHES_PATTERNS = ("plain", "stripes", "hoops", "plaid", "checks", "dots", "blocks", "print", "chest-band")


def cloth(pattern: str, main: Rgb, second: Rgb, rng: np.random.Generator) -> Image:
    """Weave a 64x64 cloth: u around the body (front at the middle column), v up, one tile a texture unit."""
    v, u = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    frequency = int(rng.integers(3, 8))
    weights = {
        "plain": np.zeros_like(u),
        "stripes": (u * frequency * 2 % 1 < 0.3).astype(float),
        "hoops": (v * frequency % 1 < 0.42).astype(float),
        "plaid": ((u * frequency % 1 < 0.4) * 0.5 + (v * frequency % 1 < 0.4) * 0.5),
        "checks": ((np.floor(u * frequency * 2) + np.floor(v * frequency * 1.5)) % 2),
        "dots": (np.hypot(u * frequency * 2 % 1 - 0.5, v * frequency * 1.5 % 1 - 0.5) < 0.28).astype(float),
        "blocks": ((u > 0.5) ^ (v > 0.5)).astype(float),
        "print": ((np.abs(u - 0.5) < 0.1) & (np.abs(v - 0.35) < 0.13)).astype(float),
        "chest-band": (np.abs(v - 0.38) < 0.11).astype(float),
    }[pattern]
    colour = np.asarray(main) * (1 - weights[..., None]) + np.asarray(second) * weights[..., None]
    folds = 1 + 0.05 * np.sin(2 * np.pi * (u * 3 + rng.random())) * np.sin(2 * np.pi * (v * 2 + rng.random()))
    noise = rng.normal(1, 0.035, u.shape)
    return to_bytes(colour * (folds * noise)[..., None])


def face(skin: Rgb, beard: Rgb | None, lips: Rgb) -> Image:
    """Paint a 64x64 face texture for an ellipsoid head: front at the middle column, v = 0 the first row."""
    image = np.empty((SIZE, SIZE, 3))
    image[:] = skin
    v, u = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    if beard is not None:
        image[(v < 0.44) & (np.abs(u - 0.5) < 0.2) & (v < 0.36 + 1.5 * np.abs(u - 0.5))] = beard
    for side in (-1, 1):
        eye = np.hypot((u - 0.5 - side * 0.075) / 0.036, (v - 0.53) / 0.028)
        image[eye < 1] = (0.93, 0.93, 0.92)
        image[eye < 0.62] = (0.12, 0.08, 0.06)
        brow = (np.abs(u - 0.5 - side * 0.078) < 0.045) & (np.abs(v - 0.60) < 0.012)
        image[brow] = np.asarray(skin) * 0.4
    image[(np.abs(u - 0.5) < 0.018) & (v > 0.43) & (v < 0.55)] = np.asarray(skin) * 0.86
    image[np.hypot((u - 0.5) / 0.06, (v - 0.355) / 0.018) < 1] = lips
    return to_bytes(cv2.GaussianBlur(image, (3, 3), 0))


def smooth_noise(shape: tuple[int, int], cell: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Low-frequency noise in -1…1 of `shape` with features of about `cell` pixels."""
    height, width = shape
    coarse = rng.uniform(-1, 1, (height // cell + 2, width // cell + 2))
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float64)


def to_bytes(colour: NDArray[np.float64]) -> Image:
    """RGB in 0…1 to uint8, clipped."""
    return np.asarray(np.clip(colour * 255 + 0.5, 0, 255), dtype=np.uint8)


def hsv(hue: float, saturation: float, value: float) -> Rgb:
    """RGB of a hue, saturation and value in 0…1."""
    return colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
