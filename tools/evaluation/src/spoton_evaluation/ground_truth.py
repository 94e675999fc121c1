"""Who was where, as annotated: boxes by camera, and places on the floor."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoton_evaluation.errors import GroundTruthError
from spoton_evaluation.motchallenge import BoxTable, read_ground_truth
from spoton_evaluation.wildtrack import is_wildtrack, read_wildtrack

FLOOR_TRUTH_NAME = "floor.csv"
FloorTruth = dict[tuple[int, int], tuple[float, float]]
"""(frame, identity) → metres, the same for all cameras."""

_COLUMNS = ("frame", "id", "x_m", "y_m")


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The annotation of one sequence; frames of all cameras are counted on one clock, from 1.

    Attributes:
        cameras: boxes by camera.
        floor: positions, empty where nobody measured any.
        homographies: image → floor metres (3, 3) by camera, where the annotation brings them.

    """

    cameras: dict[str, BoxTable]
    floor: FloorTruth = field(default_factory=dict)
    homographies: dict[str, NDArray[np.float64]] = field(default_factory=dict)


def load_ground_truth(folder: Path) -> GroundTruth:
    """Read MOTChallenge's or WILDTRACK's layout.

    Args:
        folder: `<camera>/gt.txt`, `<camera>/gt/gt.txt` or `<camera>.txt` per camera
            (`frame,id,x,y,w,h,conf,class,visibility`), and optionally `floor.csv` (`frame,id,x_m,y_m` with a
            header, the same for all cameras); or a folder with `annotations_positions/`.

    Raises:
        GroundTruthError: no camera in the folder, nobody annotated, an identity twice in a frame.
        EvaluationError: a file that cannot be read.

    """
    if is_wildtrack(folder):
        cameras, floor, homographies = read_wildtrack(folder)
        return GroundTruth(cameras, floor, homographies)
    boxes = {camera: read_ground_truth(file) for camera, file in find_ground_truth(folder).items()}
    if not any(len(table) for table in boxes.values()):
        raise GroundTruthError(f"{folder}: the files are empty, nobody is annotated")
    floor_file = folder / FLOOR_TRUTH_NAME
    return GroundTruth(boxes, read_floor_truth(floor_file) if floor_file.is_file() else {})


def find_ground_truth(folder: Path) -> dict[str, Path]:
    """Find MOTChallenge's file of every camera, in the order of the cameras' names."""
    if not folder.is_dir():
        raise GroundTruthError(f"{folder} is no folder")
    nested = {file.parent.name: file for file in folder.glob("*/gt.txt") if file.parent.name != "gt"}
    nested |= {file.parent.parent.name: file for file in folder.glob("*/gt/gt.txt")}
    flat = {file.stem: file for file in folder.glob("*.txt") if file.stem != "ignore"}
    found = nested or flat
    if not found:
        raise GroundTruthError(f"no <camera>/gt.txt, no <camera>.txt and no annotations_positions/ in {folder}")
    return dict(sorted(found.items()))


def read_floor_truth(file: Path) -> FloorTruth:
    """Read `frame,id,x_m,y_m` with a header."""
    with file.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if not set(_COLUMNS) <= set(reader.fieldnames or ()):
            raise GroundTruthError(f"{file}: the header must name {', '.join(_COLUMNS)}")
        try:
            return {(int(row["frame"]), int(row["id"])): (float(row["x_m"]), float(row["y_m"])) for row in reader}
        except (TypeError, ValueError) as error:
            raise GroundTruthError(f"{file}: {error}") from error
