"""The detector's data set on disk, in Ultralytics' layout: images/*.jpg and labels/*.txt."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoton_training.pictures import HEIGHT_PX, WIDTH_PX, Picture, take_pictures
from spoton_training.progress import map_in_processes

PICTURES_PER_SCENE = 8  # two moments of four cameras
MIN_VISIBILITY = 0.25  # below, what is left of a person teaches the detector to see people in walls
MIN_HEIGHT_PX = 14.0  # of 540: smaller remainders at the image border say nothing
MIN_WIDTH_PX = 6.0


def trainable(picture: Picture, min_visibility: float = MIN_VISIBILITY) -> NDArray[np.bool_]:
    """Which people of a picture the detector is asked to find: (N,) bool."""
    sizes = picture.boxes_xyxy[:, 2:] - picture.boxes_xyxy[:, :2]
    chosen: NDArray[np.bool_] = (
        (picture.visibilities >= min_visibility) & (sizes[:, 0] >= MIN_WIDTH_PX) & (sizes[:, 1] >= MIN_HEIGHT_PX)
    )
    return chosen


def label_lines(picture: Picture) -> str:
    """Ultralytics' label text: `0 centre_x centre_y width height`, as shares of the image, one person a line."""
    scale = np.array([WIDTH_PX, HEIGHT_PX, WIDTH_PX, HEIGHT_PX], np.float32)
    boxes = picture.boxes_xyxy[trainable(picture)] / scale
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    return "".join(f"0 {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n" for (x, y), (w, h) in zip(centres, sizes, strict=True))


def write_split(folder: Path, scene_seeds: range, workers: int) -> None:
    """Render a split's pictures into `folder`/images and `folder`/labels; scenes that are there already are kept."""
    for name in ("images", "labels", "done"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in scene_seeds if not (folder / "done" / str(seed)).exists()]
    for _ in map_in_processes(partial(_write_scene, folder), missing, f"render {folder.name}", workers):
        pass


def write_data_file(folder: Path) -> Path:
    """Write Ultralytics' data file for the splits `train` and `val` of `folder`; returns its path."""
    data_file = folder / "data.yaml"
    data_file.write_text(
        f"path: {folder.resolve()}\ntrain: train/images\nval: val/images\nnames: {{0: person}}\n", encoding="utf-8"
    )
    return data_file


def _write_scene(folder: Path, scene_seed: int) -> None:
    for index, picture in enumerate(take_pictures(scene_seed, PICTURES_PER_SCENE)):
        stem = f"{scene_seed:010d}_{index}"
        (folder / "images" / f"{stem}.jpg").write_bytes(picture.jpeg)
        (folder / "labels" / f"{stem}.txt").write_text(label_lines(picture), encoding="utf-8")
    (folder / "done" / str(scene_seed)).touch()
