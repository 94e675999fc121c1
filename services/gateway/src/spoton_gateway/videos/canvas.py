"""A picture in 4:2:0 that is drawn on as it is: no conversion to RGB and back, and what is not drawn on stays exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spoton_gateway.videos.colours import Rgb, to_yuv, yuv

Plane = NDArray[np.uint8]
Alpha = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """A small picture with transparency: even width and height, chroma at half resolution."""

    alpha: Alpha
    half_alpha: Alpha
    planes: tuple[Plane, Plane, Plane]

    @classmethod
    def of(cls, image: Image.Image, *, wide: bool) -> Self:
        """Make one of an RGBA image; odd sides grow by a transparent line."""
        width, height = image.width + image.width % 2, image.height + image.height % 2
        padded = Image.new("RGBA", (width, height))
        padded.paste(image)
        pixels = np.asarray(padded)
        alpha = np.asarray(pixels[..., 3] / np.float32(255), np.float32)
        colours = to_yuv(pixels[..., :3], wide=wide)
        chroma = [_halved(colours[..., c].astype(np.float32)).astype(np.uint8) for c in (1, 2)]
        return cls(alpha, _halved(alpha), (colours[..., 0].copy(), chroma[0], chroma[1]))

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.alpha.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.alpha.shape[0])


@dataclass(frozen=True, slots=True)
class Canvas:
    """Planes of a picture, or of a part of one: Y (h, w), U and V (h/2, w/2), uint8; h and w are even.

    ``wide``: colours by BT.709, else BT.601.
    """

    y: Plane
    u: Plane
    v: Plane
    wide: bool

    @classmethod
    def new(cls, width: int, height: int, *, wide: bool) -> tuple[Self, Plane]:
        """Return a black picture and the memory that it lies in, (h * 3 / 2, w), as PyAV takes it."""
        memory = np.empty((height * 3 // 2, width), np.uint8)
        canvas = cls.over(memory, wide=wide)
        canvas.clear()
        return canvas, memory

    @classmethod
    def over(cls, memory: Plane, *, wide: bool) -> Self:
        """Return the picture in ``memory``, (h * 3 / 2, w)."""
        width, height = memory.shape[1], memory.shape[0] * 2 // 3
        flat, size = memory.reshape(-1), memory.shape[1] * height
        chroma = (height // 2, width // 2)
        u, v = flat[size : size * 5 // 4].reshape(chroma), flat[size * 5 // 4 :].reshape(chroma)
        return cls(flat[:size].reshape(height, width), u, v, wide)

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.y.shape[0])

    def part(self, x: int, y: int, width: int, height: int) -> "Canvas":
        """Return a part that is drawn on in its own coordinates; all numbers are even."""
        chroma = (slice(y // 2, (y + height) // 2), slice(x // 2, (x + width) // 2))
        return Canvas(self.y[y : y + height, x : x + width], self.u[chroma], self.v[chroma], self.wide)

    def clear(self) -> None:
        """Paint all of it black."""
        self.y[:] = 16
        self.u[:] = 128
        self.v[:] = 128

    def put(self, other: "Canvas") -> None:
        """Copy a picture of the same size."""
        self.y[:], self.u[:], self.v[:] = other.y, other.u, other.v

    def stamp(self, sprite: Sprite, x: int, y: int) -> None:
        """Draw a sprite with its upper left corner at (x, y), moved to even numbers; what does not fit is cut off."""
        x, y = x - x % 2, y - y % 2
        x1, y1 = max(x, 0), max(y, 0)
        x2, y2 = min(x + sprite.width, self.width), min(y + sprite.height, self.height)
        if x1 >= x2 or y1 >= y2:
            return
        inside = (slice(y1 - y, y2 - y), slice(x1 - x, x2 - x))
        half = (slice((y1 - y) // 2, (y2 - y) // 2), slice((x1 - x) // 2, (x2 - x) // 2))
        there = self.part(x1, y1, x2 - x1, y2 - y1)
        _blend(there.y, sprite.planes[0][inside], sprite.alpha[inside])
        _blend(there.u, sprite.planes[1][half], sprite.half_alpha[half])
        _blend(there.v, sprite.planes[2][half], sprite.half_alpha[half])

    def outline(self, box: Box, colour: Rgb, thickness: float, dash: float = 0.0, strength: float = 1.0) -> None:
        """Draw a rectangle's border, anti-aliased at parts of a pixel.

        ``dash``: length of its dashes, 0: none. ``strength``: 0 to 1, 1 covers.
        """
        grow = thickness / 2
        x1, y1, x2, y2 = box
        outer = (x1 - grow, y1 - grow, x2 + grow, y2 + grow)
        inner = (x1 + grow, y1 + grow, max(x2 - grow, x1 + grow), max(y2 - grow, y1 + grow))
        for left, top, right, bottom in _strips(outer, inner, self.width, self.height):
            columns, rows = np.arange(left, right, dtype=np.float32), np.arange(top, bottom, dtype=np.float32)
            alpha = np.outer(_covered(rows, outer[1], outer[3]), _covered(columns, outer[0], outer[2]))
            alpha -= np.outer(_covered(rows, inner[1], inner[3]), _covered(columns, inner[0], inner[2]))
            if dash:
                alpha *= (
                    _dashes(columns - x1, dash) if right - left > bottom - top else _dashes(rows - y1, dash)[:, None]
                )
            there = self.part(left, top, right - left, bottom - top)
            blend_colour(there, colour, alpha * np.float32(strength))

    def blur(self, box: Box, cells: int) -> None:
        """Make what is in a box unrecognisable: ``cells`` values are left along its shorter side, smoothly spread."""
        x1, y1 = (max(int(c) // 2 * 2, 0) for c in box[:2])
        x2, y2 = min(-int(-box[2] // 2) * 2, self.width), min(-int(-box[3] // 2) * 2, self.height)
        if x1 >= x2 or y1 >= y2:
            return
        there = self.part(x1, y1, x2 - x1, y2 - y1)
        shorter = min(x2 - x1, y2 - y1)
        columns, rows = (max(1, round(cells * side / shorter)) for side in (x2 - x1, y2 - y1))
        for plane in (there.y, there.u, there.v):
            image = Image.fromarray(np.ascontiguousarray(plane))
            coarse = image.resize((columns, rows), Image.Resampling.BOX)
            plane[:] = np.asarray(coarse.resize(image.size, Image.Resampling.BICUBIC))


def blend_colour(canvas: Canvas, colour: Rgb, alpha: Alpha) -> None:
    """Paint a colour over a picture of the same size, as strongly as ``alpha`` (h, w) says, 0 to 1."""
    half = _halved(alpha)
    y, u, v = yuv(colour, wide=canvas.wide)
    for plane, value, share in ((canvas.y, y, alpha), (canvas.u, u, half), (canvas.v, v, half)):
        _blend(plane, value, share)


def _strips(outer: Box, inner: Box, width: int, height: int) -> Sequence[tuple[int, int, int, int]]:
    """Cut a border into four strips on even pixels that do not overlap: above, below, left, right."""

    def low(value: float, most: int) -> int:
        return min(max(int(np.floor(value / 2)) * 2, 0), most)

    def high(value: float, most: int) -> int:
        return min(max(int(np.ceil(value / 2)) * 2, 0), most)

    left, right = low(outer[0], width), high(outer[2], width)
    top, bottom = low(outer[1], height), high(outer[3], height)
    below_top, above_bottom = high(inner[1], height), max(low(inner[3], height), high(inner[1], height))
    behind_left, before_right = high(inner[0], width), max(low(inner[2], width), high(inner[0], width))
    strips = (
        (left, top, right, below_top),
        (left, above_bottom, right, bottom),
        (left, below_top, behind_left, above_bottom),
        (before_right, below_top, right, above_bottom),
    )
    return [s for s in strips if s[0] < s[2] and s[1] < s[3]]


def _covered(pixels: Alpha, first: float, last: float) -> Alpha:
    """Return how much of each pixel lies between two coordinates, 0 to 1."""
    return np.asarray(np.clip(np.minimum(pixels + 1, last) - np.maximum(pixels, first), 0, 1), np.float32)


def _dashes(distance: Alpha, length: float) -> Alpha:
    return np.asarray((distance // length) % 2 == 0, np.float32)


def _halved(values: Alpha) -> Alpha:
    rows, columns = values.shape
    return np.asarray(values.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3)), np.float32)


def _blend(plane: Plane, value: Plane | int, alpha: Alpha) -> None:
    below = plane.astype(np.float32)
    plane[:] = below + (value - below) * alpha + np.float32(0.5)
