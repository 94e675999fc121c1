"""Where everything of a clip is at a moment, and how much of it can be seen.

The table is flat: what stands lower in the picture is nearer, larger, and hides what is behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spoton_scenes.tabletop.script import HEIGHT, SIZES, WIDTH, Body, Lift, Place, Reach, TableClip

Box = tuple[float, float, float, float]

_REACH_S = 0.7  # a hand needs this long from the border of the picture to a thing, and back
_GRIP_S = 0.25  # it holds a thing before it lifts it, and after it has put it down
_HAND_PX = 46.0
_ARM_PX = 34.0
_CELLS = 12  # of a thing's box, a side: how finely its visible part is found


@dataclass(frozen=True, slots=True)
class StagedBox:
    """One thing or person at a moment.

    Attributes:
        bbox_xyxy: what the picture has of it, if nothing hid it.
        seen_xyxy: the part that can be seen; None: nothing.
        visibility: share of it that can be seen.
        speed: pixels a second.
        is_hand: only a hand and its arm are in the picture.

    """

    key: str
    class_name: str
    bbox_xyxy: Box
    seen_xyxy: Box | None
    visibility: float
    speed: float
    is_hand: bool = False


@dataclass(frozen=True, slots=True)
class Solid:
    """Boxes that hide what is behind them; the larger `depth`, the nearer."""

    key: str
    boxes: tuple[Box, ...]
    depth: float
    is_hand: bool = False


def stage(clip: TableClip, time_s: float) -> list[StagedBox]:
    """Return everything that is in the picture at a moment of a clip."""
    everything = solids(clip, time_s)
    things = [solid for solid in everything if solid.key.startswith("thing")]
    staged = [_stage_thing(clip, solid, everything, time_s) for solid in things]
    return staged + [_stage_person(solid) for solid in everything if solid not in things]


def solids(clip: TableClip, time_s: float) -> list[Solid]:
    """Return the things, and behind them the people, with what they hide."""
    feet = {index: _foot(clip, index, time_s) for index in range(len(clip.things))}
    things = [_thing_solid(clip, index, foot) for index, foot in feet.items() if foot is not None]
    return [*things, *_people(clip, time_s)]


def _foot(clip: TableClip, thing: int, time_s: float) -> tuple[Place, bool] | None:
    """Return where a thing's foot is and whether it is in a hand; None: not in the picture."""
    foot = clip.things[thing].place
    for act in clip.acts:
        if isinstance(act, Lift) and act.thing == thing and time_s >= act.start_s:
            if time_s < act.end_s:
                return _along(_stops(clip, act), act.start_s, act.end_s, time_s), True
            foot = act.target
    return None if foot is None else (foot, False)


def _stops(clip: TableClip, act: Lift) -> list[Place]:
    """Return where a lifted thing comes along; it hovers at each point of the air."""
    before = clip.things[act.thing].place
    for other in clip.acts:
        if isinstance(other, Lift) and other.thing == act.thing and other.start_s < act.start_s:
            before = other.target
    return [before or act.entry, *act.via, act.target or act.entry]


def _along(stops: Sequence[Place], start_s: float, end_s: float, time_s: float) -> Place:
    """Move smoothly from stop to stop, a second at most, and wait at each one for the next leg."""
    legs = len(stops) - 1
    leg_s = (end_s - start_s) / legs
    leg = min(int((time_s - start_s) / leg_s), legs - 1)
    travel_s = min(leg_s, 1.0)
    into_s = time_s - start_s - leg * leg_s
    if leg == legs - 1:  # the last leg ends on time
        into_s -= leg_s - travel_s
    share = min(max(into_s / travel_s, 0.0), 1.0)
    share = share * share * (3 - 2 * share)
    (ax, ay), (bx, by) = stops[leg], stops[leg + 1]
    # A held thing is never quite still.
    firmness = min(1.0, 2 * (time_s - start_s), 2 * (end_s - time_s))
    sway = 3.0 * firmness * float(np.sin(5.0 * time_s) + np.sin(8.3 * time_s))
    return ax + share * (bx - ax) + sway, ay + share * (by - ay) + 0.6 * sway


def _size(class_name: str, foot_y: float) -> tuple[float, float]:
    width, height = SIZES[class_name]
    scale = 0.55 + 0.45 * (min(max(foot_y, 180.0), 330.0) - 180.0) / 150.0
    return width * scale, height * scale


def _thing_box(class_name: str, foot: Place) -> Box:
    width, height = _size(class_name, foot[1])
    return foot[0] - width / 2, foot[1] - height, foot[0] + width / 2, foot[1]


def _thing_solid(clip: TableClip, thing: int, found: tuple[Place, bool]) -> Solid:
    foot, held = found
    return Solid(f"thing-{thing}", (_thing_box(clip.things[thing].class_name, foot),), 400.0 if held else foot[1])


def _people(clip: TableClip, time_s: float) -> list[Solid]:
    people = list[Solid]()
    for index, act in enumerate(clip.acts):
        if isinstance(act, Body):
            if act.start_s <= time_s <= act.end_s:
                share = (time_s - act.start_s) / (act.end_s - act.start_s)
                x, top = act.from_x + share * (act.to_x - act.from_x), 5.0 if act.in_front else 20.0
                box = (x - 80, top, x + 80, HEIGHT if act.in_front else 215.0)
                people.append(Solid(f"person-{index}", (box,), 1000.0 if act.in_front else 0.0))
        else:
            hand = _hand(clip, act, time_s)
            if hand is not None:
                people.append(Solid(f"person-{index}", hand, 500.0, is_hand=True))
    return people


def _hand(clip: TableClip, act: Lift | Reach, time_s: float) -> tuple[Box, ...] | None:
    """Return the boxes of a hand and its arm; None while it is not in the picture."""
    first, last = act.start_s - _GRIP_S, act.end_s + _GRIP_S
    if not first - _REACH_S <= time_s <= last + _REACH_S:
        return None
    moment = min(max(time_s, act.start_s), act.end_s)
    is_over = isinstance(act, Lift) and moment == act.end_s
    found = _foot(clip, act.thing, moment - 1e-6 if is_over else moment)
    if found is None:
        return None
    name = clip.things[act.thing].class_name
    left, top, right, bottom = _thing_box(name, found[0])
    side = 1 if act.entry[0] >= WIDTH / 2 else -1
    hides = isinstance(act, Reach) and act.hides
    grip_x = (left + right) / 2 if hides else (left + right) / 2 + side * 0.45 * (right - left)
    grip = grip_x, (top + bottom) / 2 if hides else top + 0.35 * (bottom - top)
    out = max(first - time_s, time_s - last, 0.0) / _REACH_S
    x, y = grip[0] + out * (act.entry[0] - grip[0]), grip[1] + out * (act.entry[1] - grip[1])
    half = max(right - left, bottom - top) * 0.55 if hides else _HAND_PX / 2
    hand = (x - half, y - half, x + half, y + half)
    arm = [(x + s * (act.entry[0] - x), y + s * (act.entry[1] - y)) for s in np.linspace(0.1, 1.0, 10).tolist()]
    pieces = [(ax - _ARM_PX / 2, ay - _ARM_PX / 2, ax + _ARM_PX / 2, ay + _ARM_PX / 2) for ax, ay in arm]
    return (hand, *pieces)


def _stage_thing(clip: TableClip, solid: Solid, all_solids: Sequence[Solid], time_s: float) -> StagedBox:
    index = int(solid.key.split("-")[1])
    box = solid.boxes[0]
    nearer = [b for other in all_solids if other.depth > solid.depth for b in other.boxes]
    seen = _visible_cells(box, nearer)
    before, after = _foot(clip, index, time_s - 0.05), _foot(clip, index, time_s + 0.05)
    speed = 0.0
    if before is not None and after is not None:
        speed = 10 * float(np.hypot(after[0][0] - before[0][0], after[0][1] - before[0][1]))
    return StagedBox(solid.key, clip.things[index].class_name, box, _bounds(box, seen), float(seen.mean()), speed)


def _stage_person(person: Solid) -> StagedBox:
    boxes = np.array(person.boxes)
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    box = (max(float(left), 0), max(float(top), 0), min(float(right), WIDTH), min(float(bottom), HEIGHT))
    seen = box if box[2] - box[0] > 4 and box[3] - box[1] > 4 else None
    return StagedBox(person.key, "person", box, seen, 1.0 if seen else 0.0, 0.0, person.is_hand)


def _visible_cells(box: Box, nearer: Sequence[Box]) -> NDArray[np.bool_]:
    """Tell of which cells of a box, (rows, columns), the middle is in the picture and not hidden."""
    steps = (np.arange(_CELLS) + 0.5) / _CELLS
    x = (box[0] + steps * (box[2] - box[0]))[None, :]
    y = (box[1] + steps * (box[3] - box[1]))[:, None]
    seen: NDArray[np.bool_] = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
    for left, top, right, bottom in nearer:
        if left >= box[2] or right <= box[0] or top >= box[3] or bottom <= box[1]:
            continue
        seen = seen & ~((x >= left) & (x < right) & (y >= top) & (y < bottom))
    return seen


def _bounds(box: Box, seen: NDArray[np.bool_]) -> Box | None:
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        return None
    width, height = (box[2] - box[0]) / _CELLS, (box[3] - box[1]) / _CELLS
    return (
        box[0] + float(columns[0]) * width,
        box[1] + float(rows[0]) * height,
        box[0] + float(columns[-1] + 1) * width,
        box[1] + float(rows[-1] + 1) * height,
    )
