"""Clips of a table, objects and hands: exact boxes, what really happened, and a model of a detector's mistakes."""

from spoton_scenes.tabletop.clips import CLIPS, QUIET, make_clip
from spoton_scenes.tabletop.detector_noise import DetectorNoise, SeenBox, look
from spoton_scenes.tabletop.drawing import as_bottles, draw_video
from spoton_scenes.tabletop.script import HEIGHT, WIDTH, TableClip, TableDeed

__all__ = [
    "CLIPS",
    "HEIGHT",
    "QUIET",
    "WIDTH",
    "DetectorNoise",
    "SeenBox",
    "TableClip",
    "TableDeed",
    "as_bottles",
    "draw_video",
    "look",
    "make_clip",
]
