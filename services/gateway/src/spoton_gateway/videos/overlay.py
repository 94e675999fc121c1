"""Boxes, labels and blurred regions on one camera's picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from spoton_gateway.videos import lettering
from spoton_gateway.videos.canvas import Box, Canvas, Sprite
from spoton_gateway.videos.colours import INK, OBJECT, Rgb, of_identity
from spoton_gateway.videos.motion import Seen

Blur = Literal["none", "faces", "people"]

_HEAD_SHARE = 0.28
"""Of a standing person's box: the head is an eighth of a body, and nods, reaches and stoops within about twice that."""

_HEAD_SQUARE = 0.75
"""Of the box's width: where somebody is cut off below, the head takes more of the box."""

_HALO, _HALO_PX = 0.45, 1.5
"""Dark on both sides of a line, so that light lines are seen before light walls."""

_LEFT: dict[Blur, int] = {"faces": 5, "people": 3}
"""Values that remain across what is blurred: too few for any face, and for what somebody wears."""

_MARGIN = 0.1  # boxes are off by some pixels


@dataclass(frozen=True, slots=True)
class Pen:
    """How large things are drawn in a picture."""

    font_px: int
    line_px: float

    @classmethod
    def of(cls, font_px: int) -> "Pen":
        """Choose lines that go with letters."""
        return cls(font_px, max(1.5, font_px / 8))


def blurred_region(seen: Seen, blur: Blur) -> Box:
    """Return what must be blurred of a person: all of the box, or its upper part, where the face is.

    There is no face detector: the upper part of a person's box is an approximation that covers the head of people who
    stand, walk or sit upright, and not of those who lie or do handstands.
    """
    x1, y1, x2, y2 = seen.box
    width, height = x2 - x1, y2 - y1
    if blur == "faces":
        height = min(height, max(height * _HEAD_SHARE, width * _HEAD_SQUARE))
    return x1 - width * _MARGIN, y1 - height * _MARGIN, x2 + width * _MARGIN, y1 + height * (1 + _MARGIN)


def hide(canvas: Canvas, people: Iterable[Seen], blur: Blur) -> None:
    """Blur people, or their faces."""
    for seen in people:
        canvas.blur(blurred_region(seen, blur), _LEFT[blur])


def annotate(canvas: Canvas, seen: Sequence[Seen], actions: dict[int, str], pen: Pen) -> None:
    """Draw boxes with their labels; those in front (lower in the picture) last, labels above all boxes."""
    in_order = sorted(seen, key=lambda s: s.box[3])
    for one in in_order:
        dash = 3 * pen.line_px if one.is_person and one.global_id is None else 0.0
        canvas.outline(one.box, INK, pen.line_px + _HALO_PX, dash, strength=_HALO)
        canvas.outline(one.box, colour_of(one), pen.line_px, dash)
    taken: list[Box] = []
    for one in reversed(in_order):
        sprite = lettering.label(words(one, actions), colour_of(one), pen.font_px, wide=canvas.wide)
        x, y = _free_place(one.box, sprite, canvas, taken)
        taken.append((x, y, x + sprite.width, y + sprite.height))
        canvas.stamp(sprite, x, y)


def colour_of(seen: Seen) -> Rgb:
    """Return the colour of a box: its identity's, one of its own for objects."""
    return of_identity(seen.global_id) if seen.is_person else OBJECT


def words(seen: Seen, actions: dict[int, str]) -> str:
    """Return what a label says: class, identity, action."""
    if not seen.is_person:
        return seen.class_name
    if seen.global_id is None:
        return f"{seen.class_name} ?"
    action = actions.get(seen.global_id)
    return f"{seen.class_name} {seen.global_id}" + (f" · {action}" if action else "")


def _free_place(box: Box, sprite: Sprite, canvas: Canvas, taken: Sequence[Box]) -> tuple[int, int]:
    """Return where a label goes: above its box, else inside at its top, else below; never outside the picture."""
    x = min(max(round(box[0]), 0), max(canvas.width - sprite.width, 0))
    lowest = max(canvas.height - sprite.height, 0)
    places = [min(max(round(y), 0), lowest) for y in (box[1] - sprite.height, box[1], box[3])]
    for y in places:
        if not any(_overlap((x, y, x + sprite.width, y + sprite.height), other) for other in taken):
            return x, y
    return x, places[0]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
