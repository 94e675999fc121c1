"""The floor from above, as on the web page: zones, people and the last seconds of their ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from spoton_gateway.videos import lettering
from spoton_gateway.videos.canvas import Canvas, Sprite, blend_colour
from spoton_gateway.videos.colours import INK, PAPER, Rgb, of_identity
from spoton_gateway.videos.motion import Walk, place_at, trail
from spoton_gateway.videos.plan import Cell

TRAIL_S = 4.0
_MARGIN_M = 1.0
_MOST_STEPS = 24  # of a trail: more are not seen at this size
_SMOOTHING = 2  # lines are drawn so much larger
_GRID: Rgb = (0x26, 0x32, 0x40)
_AREA: Rgb = (0x3A, 0x86, 0xA8)
_ZONE: Rgb = (0xB8, 0x86, 0x2B)
_WIRE: Rgb = (0xC0, 0x5C, 0x7E)
_INSET_SHARE = (0.27, 0.36)  # of the picture's width and height
_INSET_OPACITY = 205

Extent = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class FloorPicture:
    """A picture of the floor, RGB; ``extent`` is the rectangle that it shows, metres."""

    image: Image.Image
    extent: Extent


def extent_of(scene: Mapping[str, Any], walked: Extent | None, picture: FloorPicture | None) -> Extent | None:
    """Return the rectangle of floor to show, metres: the picture's, or all that is known with a margin."""
    if picture is not None:
        return picture.extent
    polygons = [scene.get("monitored_area") or [], *(zone["polygon"] for zone in scene.get("zones") or [])]
    wires = [[wire["start"], wire["end"]] for wire in scene.get("tripwires") or []]
    points = [(p["x_m"], p["y_m"]) for shape in (*polygons, *wires) for p in shape]
    points += [walked[:2], walked[2:]] if walked else []
    if not points:
        return None
    xs, ys = zip(*points, strict=True)
    return min(xs) - _MARGIN_M, min(ys) - _MARGIN_M, max(xs) + _MARGIN_M, max(ys) + _MARGIN_M


def inset_cell(extent: Extent, width: int, height: int, corner: str) -> Cell:
    """Return where the floor stands in a corner of a picture: as large as its share lets it."""
    across, down = extent[2] - extent[0], extent[3] - extent[1]
    scale = min(_INSET_SHARE[0] * width / across, _INSET_SHARE[1] * height / down)
    cell_width, cell_height = (max(16, int(side * scale) // 2 * 2) for side in (across, down))
    gap = max(4, width // 80) // 2 * 2
    x = gap if corner.endswith("left") else (width - gap - cell_width) // 2 * 2
    y = gap if corner.startswith("upper") else (height - gap - cell_height) // 2 * 2
    return Cell(x, y, cell_width, cell_height)


class Floor:
    """Draws the floor into a part of the picture."""

    def __init__(
        self, canvas: Canvas, scene: Mapping[str, Any], extent: Extent, picture: FloorPicture | None, *, inset: bool
    ) -> None:
        self._canvas = canvas
        self._inset = inset
        across, down = extent[2] - extent[0], extent[3] - extent[1]
        self._scale = min(canvas.width / across, canvas.height / down)
        self._x0 = (canvas.width - across * self._scale) / 2 - extent[0] * self._scale
        self._y0 = (canvas.height - down * self._scale) / 2 - extent[1] * self._scale
        self._dot_px = max(10, round(min(canvas.width, canvas.height) / 13)) // 2 * 2
        self._ground = Sprite.of(self._drawn_ground(scene, extent, picture), wide=canvas.wide)

    def draw(self, walks: Sequence[Walk], time_s: float, bridge_s: float) -> None:
        """Show everybody at a time."""
        self._canvas.stamp(self._ground, 0, 0)
        present = [(walk, place) for walk in walks if (place := place_at(walk, time_s, bridge_s)) is not None]
        for walk, _ in present:
            self._trail(walk, time_s)
        for walk, place in sorted(present, key=lambda found: found[1][1]):
            dot = _dot(walk.global_id, self._dot_px, wide=self._canvas.wide)
            x, y = self._at(place)
            self._canvas.stamp(dot, round(x - dot.width / 2), round(y - dot.height / 2))

    def _at(self, place: tuple[float, float]) -> tuple[float, float]:
        return self._x0 + place[0] * self._scale, self._y0 + place[1] * self._scale

    def _trail(self, walk: Walk, time_s: float) -> None:
        steps = trail(walk, time_s, TRAIL_S)
        steps = steps[:: max(1, len(steps) // _MOST_STEPS)]
        if len(steps) < 2:
            return
        points = [(t, *self._at(place)) for t, place in steps]
        thick = max(1.5, self._dot_px / 8)
        left = max(int(min(p[1] for p in points) - thick) // 2 * 2, 0)
        top = max(int(min(p[2] for p in points) - thick) // 2 * 2, 0)
        right = min(int(max(p[1] for p in points) + thick) // 2 * 2 + 2, self._canvas.width)
        bottom = min(int(max(p[2] for p in points) + thick) // 2 * 2 + 2, self._canvas.height)
        if left >= right or top >= bottom:
            return
        mask = Image.new("L", ((right - left) * _SMOOTHING, (bottom - top) * _SMOOTHING))
        pen = ImageDraw.Draw(mask)
        for (_, x1, y1), (t, x2, y2) in pairwise(points):
            strength = round(210 * max(0.1, 1 - (time_s - t) / TRAIL_S))
            ends = [((x - left) * _SMOOTHING, (y - top) * _SMOOTHING) for x, y in ((x1, y1), (x2, y2))]
            pen.line(ends, fill=strength, width=round(thick * _SMOOTHING))
        alpha = np.asarray(np.asarray(mask.reduce(_SMOOTHING)) / np.float32(255), np.float32)
        blend_colour(self._canvas.part(left, top, right - left, bottom - top), of_identity(walk.global_id), alpha)

    def _drawn_ground(self, scene: Mapping[str, Any], extent: Extent, picture: FloorPicture | None) -> Image.Image:
        width, height = self._canvas.width, self._canvas.height
        image = Image.new("RGB", (width * _SMOOTHING, height * _SMOOTHING), PAPER)
        pen = ImageDraw.Draw(image)

        def px(x_m: float, y_m: float) -> tuple[float, float]:
            x, y = self._at((x_m, y_m))
            return x * _SMOOTHING, y * _SMOOTHING

        if picture is not None:
            self._paste(image, picture)
        else:
            _draw_grid(pen, extent, px)
        _draw_shapes(pen, scene, px, max(1, round(self._dot_px / 10)) * _SMOOTHING)
        image = image.reduce(_SMOOTHING).convert("RGBA")
        if self._inset:
            image.putalpha(_INSET_OPACITY)
            ImageDraw.Draw(image).rectangle((0, 0, width - 1, height - 1), outline=(*_GRID, 255))
        return image

    def _paste(self, image: Image.Image, picture: FloorPicture) -> None:
        x1, y1 = self._at(picture.extent[:2])
        x2, y2 = self._at(picture.extent[2:])
        size = (max(1, round((x2 - x1) * _SMOOTHING)), max(1, round((y2 - y1) * _SMOOTHING)))
        shown = Image.blend(picture.image.resize(size), Image.new("RGB", size, PAPER), 0.35)
        image.paste(shown, (round(x1 * _SMOOTHING), round(y1 * _SMOOTHING)))


def _draw_grid(pen: ImageDraw.ImageDraw, extent: Extent, px: Any) -> None:
    step = 1 if max(extent[2] - extent[0], extent[3] - extent[1]) <= 40 else 10
    for x in range(int(extent[0]) // step * step, int(extent[2]) + 1, step):
        pen.line([px(x, extent[1]), px(x, extent[3])], fill=_GRID, width=1)
    for y in range(int(extent[1]) // step * step, int(extent[3]) + 1, step):
        pen.line([px(extent[0], y), px(extent[2], y)], fill=_GRID, width=1)


def _draw_shapes(pen: ImageDraw.ImageDraw, scene: Mapping[str, Any], px: Any, width: int) -> None:
    shapes = [(scene.get("monitored_area") or [], _AREA)]
    shapes += [(zone["polygon"], _ZONE) for zone in scene.get("zones") or []]
    shapes += [([wire["start"], wire["end"]], _WIRE) for wire in scene.get("tripwires") or []]
    for points, ink in shapes:
        if points:
            corners = [px(p["x_m"], p["y_m"]) for p in points]
            pen.line([*corners, corners[0]], fill=ink, width=width, joint="curve")


@lru_cache(maxsize=1024)
def _dot(global_id: int, size: int, *, wide: bool) -> Sprite:
    large = Image.new("RGBA", (size * 4, size * 4), (*INK, 0))
    ImageDraw.Draw(large).ellipse((0, 0, size * 4 - 1, size * 4 - 1), fill=(*of_identity(global_id), 255))
    image = large.resize((size, size), Image.Resampling.BOX)
    letters = max(8, round(size * 0.6))
    if size >= 14:
        pen = ImageDraw.Draw(image)
        pen.text((size / 2, size / 2), str(global_id), fill=(*INK, 255), font=lettering.font(letters), anchor="mm")
    return Sprite.of(image, wide=wide)
