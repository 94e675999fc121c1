"""Clips as videos: a table, bottles, hands and people; detectors of real things know drawn bottles, little else."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from spoton_scenes.tabletop.script import HEIGHT, WIDTH, TableClip
from spoton_scenes.tabletop.staging import Box, Solid, solids
from spoton_scenes.video import VideoWriter

Picture = NDArray[np.float32]
Colour = tuple[float, ...]

_TABLE_Y = 150
_SKIN: Colour = (130.0, 160.0, 215.0)
_SLEEVE: Colour = (120.0, 70.0, 50.0)


def as_bottles(clip: TableClip) -> TableClip:
    """Return the same clip with bottles for all things."""
    return replace(clip, things=tuple(replace(thing, class_name="bottle") for thing in clip.things))


def draw_video(clip: TableClip, path: Path, seed: int) -> None:
    """Write a clip of bottles as a video; the same clip and seed give the same bytes."""
    rng = np.random.default_rng([seed, 41])
    colours = {index: tuple(map(float, rng.uniform(30, 220, 3))) for index in range(len(clip.things))}
    background = _room(rng)
    with VideoWriter(path, WIDTH, HEIGHT, round(clip.fps)) as writer:
        for index in range(round(clip.length_s * clip.fps)):
            picture = background.copy()
            for solid in sorted(solids(clip, index / clip.fps), key=lambda one: one.depth):
                _draw(picture, solid, colours)
            noise = rng.normal(0, 2, picture.shape).astype(np.float32)
            writer.write(np.clip(picture + noise, 0, 255).astype(np.uint8))


def _draw(picture: Picture, solid: Solid, colours: dict[int, Colour]) -> None:
    kind, number = solid.key.split("-")
    if kind == "thing":
        _bottle(picture, solid.boxes[0], colours[int(number)])
    elif solid.is_hand:
        _arm(picture, solid.boxes)
    else:
        _body(picture, solid.boxes[0])


def _room(rng: np.random.Generator) -> Picture:
    room = np.empty((HEIGHT, WIDTH, 3), np.float32)
    room[:_TABLE_Y] = np.array((195, 200, 205)) + np.linspace(15, -20, _TABLE_Y)[:, None, None]
    grain = 1 + 0.08 * np.sin(np.arange(WIDTH) / 7 + rng.normal(0, 0.3, WIDTH))
    room[_TABLE_Y:] = np.array((70, 110, 150)) * grain[:, None]
    return np.asarray(cv2.GaussianBlur(room, (0, 0), 1), np.float32)


def _bottle(picture: Picture, box: Box, colour: Colour) -> None:
    width, height = _size(box)
    mask = np.zeros((height, width), np.float32)
    middle, shoulder = width // 2, round(height * 0.42)
    cv2.rectangle(mask, (0, shoulder), (width, height - 4), 1, -1)
    cv2.ellipse(mask, (middle, shoulder), (middle, round(height * 0.16)), 0, 180, 360, 1, -1)
    cv2.rectangle(mask, (round(width * 0.36), 0), (round(width * 0.64), shoulder), 1, -1)
    cv2.ellipse(mask, (middle, height - 5), (middle, 4), 0, 0, 180, 1, -1)
    body = _round(width, height, colour)
    label = slice(round(height * 0.55), round(height * 0.8))
    body[label] = _round(width, label.stop - label.start, (235, 235, 240))
    body[: round(height * 0.08)] = (40, 40, 200)
    _shadow(picture, box)
    _paste(picture, body, mask, box)


def _arm(picture: Picture, boxes: tuple[Box, ...]) -> None:
    hand, *pieces = boxes
    middles = [(round((b[0] + b[2]) / 2), round((b[1] + b[3]) / 2)) for b in pieces]
    cv2.line(picture, middles[0], middles[-1], _SLEEVE, 34)
    cv2.line(picture, middles[0], middles[1], _SKIN, 26)
    middle = round((hand[0] + hand[2]) / 2), round((hand[1] + hand[3]) / 2)
    cv2.ellipse(picture, middle, (round((hand[2] - hand[0]) / 2), round((hand[3] - hand[1]) / 2)), 0, 0, 360, _SKIN, -1)


def _body(picture: Picture, box: Box) -> None:
    middle, top, head = round((box[0] + box[2]) / 2), round(box[1]), 34
    cv2.ellipse(picture, (middle, round(box[3])), (80, round(box[3]) - top - 2 * head), 0, 180, 360, _SLEEVE, -1)
    cv2.ellipse(picture, (middle, top + head), (26, head), 0, 0, 360, _SKIN, -1)
    cv2.ellipse(picture, (middle, top + head - 8), (27, head - 8), 0, 180, 360, (30, 40, 50), -1)


def _round(width: int, height: int, colour: Colour) -> Picture:
    """Shade a cylinder that stands upright and is lit from the left."""
    x = np.linspace(-1, 1, width)
    light = 0.55 + 0.5 * np.sqrt(1 - x**2) + 0.35 * np.exp(-(((x + 0.4) / 0.12) ** 2))
    row = np.clip(np.array(colour) * light[:, None], 0, 255)
    return np.repeat(row[None], height, axis=0).astype(np.float32)


def _shadow(picture: Picture, box: Box) -> None:
    width, _ = _size(box)
    if box[3] > _TABLE_Y:
        foot = round((box[0] + box[2]) / 2) + 8, round(box[3]) - 3
        cv2.ellipse(picture, foot, (round(width * 0.7), 7), 0, 0, 360, (45, 75, 105), -1)


def _paste(picture: Picture, patch: Picture, mask: NDArray[np.float32], box: Box) -> None:
    soft = cv2.GaussianBlur(mask, (0, 0), 0.7)
    height, width = mask.shape
    left, top = round(box[0]), round(box[1])
    rows, columns = slice(max(top, 0), max(top + height, 0)), slice(max(left, 0), max(left + width, 0))
    place = picture[rows, columns]
    down, across = max(-top, 0), max(-left, 0)
    cut = slice(down, down + place.shape[0]), slice(across, across + place.shape[1])
    share = soft[cut][..., None]
    place[:] = place * (1 - share) + patch[cut] * share


def _size(box: Box) -> tuple[int, int]:
    return max(round(box[2] - box[0]), 4), max(round(box[3] - box[1]), 16)
