"""What a video will be before anything is drawn: its pictures, their times, its layout. Pure, in exact fractions."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, log, sqrt

PIECE_S = 8
"""A kill costs the work on this much of the video; it is also what is read from the database at once."""

KEYFRAME_S = 2
"""A player that seeks decodes up to this much that it does not show."""

MAX_FPS = 60
MAX_PIXELS = 1920 * 1080
"""Larger pictures are shown smaller: every browser and phone decodes these."""

_MAX_RATE_DENOMINATOR = 1001
_GRID_HEIGHT = 956  # what is left of 1080 lines above the line of events
_USUAL_SHAPE = 16 / 9  # of screens
_EMPTY_COST = 0.15  # of a cell with nothing in it, against a shape that is off by a seventh


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of the picture, pixels; all numbers are even."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the cameras, the floor (None: nowhere) and the line of events stand."""

    width: int
    height: int
    cameras: tuple[Cell, ...]
    floor: Cell | None
    footer: Cell


@dataclass(frozen=True, slots=True)
class Timeline:
    """``frames`` pictures from scene time ``start_s`` on, ``fps`` a second."""

    start_s: Fraction
    fps: Fraction
    frames: int

    def time_s(self, index: int) -> Fraction:
        """Return the scene time of a picture."""
        return self.start_s + index / self.fps

    @property
    def piece_frames(self) -> int:
        """Pictures of a piece: a whole number of stretches between keyframes."""
        return self.keyframe_every * (PIECE_S // KEYFRAME_S)

    @property
    def keyframe_every(self) -> int:
        """Pictures from one keyframe to the next."""
        return max(1, floor(KEYFRAME_S * self.fps))

    def pieces(self) -> list[range]:
        """Return the pictures of each piece."""
        size = self.piece_frames
        return [range(first, min(first + size, self.frames)) for first in range(0, self.frames, size)]


def timeline(spans_s: Sequence[tuple[Fraction, Fraction]], rates: Sequence[Fraction]) -> Timeline:
    """Plan from when to when the cameras' videos go, and at the highest of their rates."""
    fps = min(max(rates), Fraction(MAX_FPS)).limit_denominator(_MAX_RATE_DENOMINATOR)
    start_s, end_s = min(s for s, _ in spans_s), max(e for _, e in spans_s)
    return Timeline(start_s, fps, max(1, round((end_s - start_s) * fps)))


def font_size(height: int) -> int:
    """Return a size of letters that can be read in a picture so high, pixels."""
    return min(max(round(height / 38), 11), 26)


def single(width: int, height: int) -> Layout:
    """Return the layout of one camera's video."""
    width, height = _scaled(width, height, MAX_PIXELS)
    footer = _footer_height(height)
    return Layout(width, height + footer, (Cell(0, 0, width, height),), None, Cell(0, height, width, footer))


def grid(sizes: Sequence[tuple[int, int]], *, with_floor: bool) -> Layout:
    """Return equal cells, as wide as they get, and together like a screen; the floor takes the rest of the last row."""
    aspect = sorted(w / h for w, h in sizes)[len(sizes) // 2]
    count = len(sizes) + with_floor

    def worth(columns: int) -> tuple[int, float, int]:
        width, height = _cell_size(aspect, columns, ceil(count / columns), sizes)
        shape = columns * width / (ceil(count / columns) * height)
        empty = 0 if with_floor else -count % columns
        return width, -round(abs(log(shape / _USUAL_SHAPE)) + _EMPTY_COST * empty, 3), columns

    columns = max(range(1, count + 1), key=worth)
    width, height = _cell_size(aspect, columns, ceil(count / columns), sizes)
    rows = ceil(count / columns)
    cells = [Cell(i % columns * width, i // columns * height, width, height) for i in range(len(sizes))]
    floor_cell = None
    if with_floor:
        x = len(sizes) % columns * width
        floor_cell = Cell(x, len(sizes) // columns * height, columns * width - x, height)
    footer = _footer_height(rows * height)
    total = (columns * width, rows * height)
    return Layout(total[0], total[1] + footer, tuple(cells), floor_cell, Cell(0, total[1], total[0], footer))


def fitted(width: int, height: int, cell: Cell) -> Cell:
    """Return the place of a picture in a cell: as large as it fits, in the middle."""
    scale = min(cell.width / width, cell.height / height)
    shown_width, shown_height = _even(width * scale), _even(height * scale)
    x, y = (cell.width - shown_width) // 4 * 2, (cell.height - shown_height) // 4 * 2
    return Cell(cell.x + x, cell.y + y, shown_width, shown_height)


def _cell_size(aspect: float, columns: int, rows: int, sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    widest = max(w for w, _ in sizes)
    width = min(1920 / columns, _GRID_HEIGHT / rows * aspect, widest)
    return _even(width), _even(width / aspect)


def _footer_height(height: int) -> int:
    return 2 * round(font_size(height) * 2.4)


def _scaled(width: int, height: int, most_pixels: int) -> tuple[int, int]:
    scale = min(1.0, sqrt(most_pixels / (width * height)))
    return _even(width * scale), _even(height * scale)


def _even(value: float) -> int:
    return max(2, int(value) // 2 * 2)
