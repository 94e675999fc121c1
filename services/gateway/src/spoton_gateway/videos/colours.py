"""Colours of identities, the same in every camera, in every video and on the web page; pure functions."""

import colorsys
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Rgb = tuple[int, int, int]
Yuv = tuple[int, int, int]

UNKNOWN: Rgb = (0x9A, 0xA5, 0xB1)
"""Of people without identity."""

OBJECT: Rgb = (0xF0, 0xF6, 0xFC)
"""Of things."""

INK: Rgb = (0x06, 0x12, 0x1A)
PAPER: Rgb = (0x0D, 0x14, 0x1C)
TEXT: Rgb = (0xE6, 0xED, 0xF3)

_GOLDEN_ANGLE = 137.508  # degrees: neighbouring numbers get hues far apart
_SATURATION, _LIGHTNESS = 0.85, 0.62

# ITU-R BT.601 and BT.709, limited range: rows for Y, Cb, Cr.
_BT601 = np.array([[0.257, 0.504, 0.098], [-0.148, -0.291, 0.439], [0.439, -0.368, -0.071]], np.float32)
_BT709 = np.array([[0.183, 0.614, 0.062], [-0.101, -0.339, 0.439], [0.439, -0.399, -0.040]], np.float32)
_OFFSET = np.array([16.0, 128.0, 128.0], np.float32)


def of_identity(global_id: int | None) -> Rgb:
    """Return an identity's colour; ``colour`` in ``web/story.js`` is the same function."""
    if global_id is None:
        return UNKNOWN
    hue = (global_id * _GOLDEN_ANGLE) % 360 / 360
    red, green, blue = colorsys.hls_to_rgb(hue, _LIGHTNESS, _SATURATION)
    return round(red * 255), round(green * 255), round(blue * 255)


def to_yuv(rgb: NDArray[np.uint8], *, wide: bool) -> NDArray[np.uint8]:
    """Turn (…, 3) uint8 RGB into limited-range YCbCr; ``wide``: by BT.709, else BT.601."""
    matrix = _BT709 if wide else _BT601
    converted = rgb.astype(np.float32) @ matrix.T + _OFFSET
    return np.asarray(np.clip(np.rint(converted), 0, 255), np.uint8)


@lru_cache(maxsize=4096)
def yuv(colour: Rgb, *, wide: bool) -> Yuv:
    """Turn one colour into limited-range YCbCr."""
    y, u, v = to_yuv(np.array(colour, np.uint8), wide=wide)
    return int(y), int(u), int(v)
