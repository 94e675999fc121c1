"""From a crop to the network's input: plainly for use, with random changes for training."""

import json

import cv2
import numpy as np
from numpy.typing import NDArray

from spoton_training.embedder.crops import PersonCrops
from spoton_training.embedder.network import INPUT_HEIGHT_PX, INPUT_WIDTH_PX

MODEL_NAME = "spoton-demo-embedder"
METADATA_KEY = "spoton_embedder"
_SCALE, _MEAN, _STD = 1 / 255, 0.5, 0.25
_EDGE_JITTER = 0.04  # of the box size: what detectors' boxes of one person differ by


def description() -> str:
    """Describe the input for the file's metadata: `(pixel · scale − mean) / std`, as JSON (and so YAML)."""
    return json.dumps(
        {
            "name": MODEL_NAME,
            "input_height_px": INPUT_HEIGHT_PX,
            "input_width_px": INPUT_WIDTH_PX,
            "colour_order": "bgr",
            "scale": _SCALE,
            "mean": [_MEAN] * 3,
            "std": [_STD] * 3,
        }
    )


def prepare(crops: PersonCrops, index: int, rng: np.random.Generator | None = None) -> NDArray[np.float32]:
    """Input (3, 256, 128) of one crop; with an rng its box is moved as a detector might.

    Args:
        crops: where the crop is.
        index: which one.
        rng: moves the box's edges by a few percent; None cuts exactly along the true box.

    """
    image = _cut(crops.pixels(index), crops.inner_xyxy[index], rng)
    resized = cv2.resize(image, (INPUT_WIDTH_PX, INPUT_HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
    scaled = (resized.astype(np.float32) * np.float32(_SCALE) - np.float32(_MEAN)) / np.float32(_STD)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1), dtype=np.float32)


def augment(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Mirror, blur, recolour mildly (the clothes' colours are the identity) and erase a part, each at random."""
    if rng.random() < 0.5:
        image = image[:, :, ::-1]
    if rng.random() < 0.3:
        image = _coarsen(image, float(rng.uniform(1.5, 5.0)))
    gains = rng.uniform(0.85, 1.15) * rng.uniform(0.93, 1.07, (3, 1, 1))
    image = ((image + _MEAN / _STD) * gains - _MEAN / _STD + rng.uniform(-0.1, 0.1)).astype(np.float32)
    return _erase(image, rng) if rng.random() < 0.4 else image


def _cut(
    pixels: NDArray[np.uint8], inner_xyxy: NDArray[np.float32], rng: np.random.Generator | None
) -> NDArray[np.uint8]:
    box = inner_xyxy.astype(np.float64)
    if rng is not None:
        box += rng.normal(0, _EDGE_JITTER, 4) * np.tile(box[2:] - box[:2], 2)
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = np.clip(np.round(box), 0, [width, height] * 2).astype(int).tolist()
    return pixels[y1:y2, x1:x2] if x2 - x1 >= 4 and y2 - y1 >= 8 else pixels


def _coarsen(image: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    small = (round(INPUT_WIDTH_PX / factor), round(INPUT_HEIGHT_PX / factor))
    pixels = cv2.resize(image.transpose(1, 2, 0), small, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(pixels, (INPUT_WIDTH_PX, INPUT_HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
    return np.asarray(coarse.transpose(2, 0, 1), dtype=np.float32)


def _erase(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Random erasing (Zhong et al. 2020): a rectangle of one colour, as an occluder would leave it."""
    height, width = int(rng.uniform(0.15, 0.5) * INPUT_HEIGHT_PX), int(rng.uniform(0.25, 0.7) * INPUT_WIDTH_PX)
    top, left = int(rng.integers(0, INPUT_HEIGHT_PX - height)), int(rng.integers(0, INPUT_WIDTH_PX - width))
    erased = image.copy()
    erased[:, top : top + height, left : left + width] = rng.uniform(-1.5, 1.5, (3, 1, 1))
    return erased
