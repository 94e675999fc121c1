"""Distance on the floor between where people are and where they were put."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoton_evaluation.errors import GroundTruthError
from spoton_evaluation.matching import ScoredFrame, match_pairs
from spoton_evaluation.motchallenge import BoxTable

FloorTruth = dict[tuple[int, int], tuple[float, float]]
_COLUMNS = ("frame", "id", "x_m", "y_m")


@dataclass(frozen=True, slots=True)
class GroundError:
    """Error of floor positions of matched boxes, metres; None where nothing could be compared."""

    median_m: float | None
    p90_m: float | None
    compared: int


def read_floor_truth(file: Path) -> FloorTruth:
    """Read `frame,id,x_m,y_m` with a header: (frame, identity) → metres, the same for all cameras."""
    with file.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if not set(_COLUMNS) <= set(reader.fieldnames or ()):
            raise GroundTruthError(f"{file}: the header must name {', '.join(_COLUMNS)}")
        try:
            return {(int(row["frame"]), int(row["id"])): (float(row["x_m"]), float(row["y_m"])) for row in reader}
        except (TypeError, ValueError) as error:
            raise GroundTruthError(f"{file}: {error}") from error


def floor_errors(truth: BoxTable, found: BoxTable, frames: list[ScoredFrame], floor: FloorTruth) -> NDArray[np.float64]:
    """Distances in metres of all matched boxes of one camera that have both positions."""
    errors = []
    for frame in frames:
        for true_index, found_index in match_pairs(frame.iou):
            true_row, found_row = frame.true_rows[true_index], frame.found_rows[found_index]
            key = (int(truth.frames[true_row]), int(truth.identities[true_row]))
            if key in floor and np.isfinite(found.floor_m[found_row]).all():
                errors.append(float(np.hypot(*(found.floor_m[found_row] - np.array(floor[key])))))
    return np.array(errors, dtype=np.float64)


def summarise_errors(errors: NDArray[np.float64]) -> GroundError:
    """Median and 90th percentile."""
    if len(errors) == 0:
        return GroundError(None, None, 0)
    median, p90 = np.percentile(errors, [50, 90])
    return GroundError(round(float(median), 4), round(float(p90), 4), len(errors))
