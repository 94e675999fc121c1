"""Places on the floor: how far off they are, and identities scored there."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoton_evaluation.errors import ExportError
from spoton_evaluation.ground_truth import FloorTruth
from spoton_evaluation.matching import MATCH_IOU, ScoredFrame, match_pairs
from spoton_evaluation.motchallenge import BoxTable

POSITIONS_NAME = "positions.csv"
GATE_M = 1.0  # as WILDTRACK is scored
_BORDER_PX = 2.0

_FRAME, _IDENTITY = "global_frame_index", "global_id"  # as the line exports them; frames from 0

Places = dict[int, dict[int, tuple[float, float]]]
"""Frame (from 1) → identity → metres."""


@dataclass(frozen=True, slots=True)
class GroundError:
    """Error of floor positions of matched boxes, metres; None where nothing could be compared."""

    median_m: float | None
    p90_m: float | None
    compared: int


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera's boxes, true and found, and its scored frames."""

    truth: BoxTable
    found: BoxTable
    frames: list[ScoredFrame]
    frame_numbers: NDArray[np.int64]


def read_positions(folder: Path) -> Places | None:
    """Read the fused positions of an export, where it has them."""
    file = folder / POSITIONS_NAME
    if not file.is_file():
        return None
    places: Places = {}
    with file.open(newline="", encoding="utf-8") as stream:
        try:
            for row in csv.DictReader(stream):
                place = (float(row["x_m"]), float(row["y_m"]))
                places.setdefault(int(row[_FRAME]) + 1, {})[int(row[_IDENTITY])] = place
        except (KeyError, TypeError, ValueError) as error:
            raise ExportError(f"{file}: {error!r}") from error
    return places


def true_places(views: dict[str, CameraView], floor: FloorTruth, matrices: dict[str, NDArray[np.float64]]) -> Places:
    """Places of the people whom at least one camera shows, in scored frames.

    Without annotated positions: the mean of what the feet of their true boxes project to.
    """
    collected: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for camera, view in views.items():
        feet = _project(view.truth, matrices.get(camera))
        for frame in view.frames:
            for row in frame.true_rows.tolist():
                key = int(view.truth.frames[row]), int(view.truth.identities[row])
                place = floor.get(key) if floor else _finite(feet[row])
                if place is not None:
                    collected.setdefault(key, []).append(place)
    return _means(collected)


def found_places(views: dict[str, CameraView], fused: Places | None) -> Places:
    """Places of the identities that at least one camera's scored box has: fused, else the mean of the boxes'."""
    collected: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for view in views.values():
        for frame in view.frames:
            for row in frame.found_rows.tolist():
                key = int(view.found.frames[row]), int(view.found.identities[row])
                place = _finite(view.found.floor_m[row])
                if fused is not None:
                    place = fused.get(key[0], {}).get(key[1])
                if place is not None:
                    collected.setdefault(key, []).append(place)
    return _means(collected)


def score_places(true: Places, found: Places, frame_numbers: NDArray[np.int64]) -> list[ScoredFrame]:
    """Make scored frames of places; a distance of one gate is a similarity of 0.5."""
    frames = []
    for number in frame_numbers.tolist():
        here, there = true.get(number, {}), found.get(number, {})
        apart = np.array(list(here.values())).reshape(-1, 1, 2) - np.array(list(there.values())).reshape(1, -1, 2)
        distance = np.hypot(apart[:, :, 0], apart[:, :, 1])
        similarity = np.clip(1 - distance / GATE_M * (1 - MATCH_IOU), 0, None)
        true_ids, found_ids = np.array(list(here), np.int64), np.array(list(there), np.int64)
        frames.append(ScoredFrame(true_ids, found_ids, similarity, np.arange(len(here)), np.arange(len(there))))
    return frames


def box_errors(view: CameraView, true: Places) -> NDArray[np.float64]:
    """Distances in metres between a camera's own, unsmoothed positions and the truth, over matched boxes."""
    errors = []
    for frame in view.frames:
        for true_index, found_index in match_pairs(frame.similarity):
            true_row, found_row = frame.true_rows[true_index], frame.found_rows[found_index]
            place = true.get(int(view.truth.frames[true_row]), {}).get(int(view.truth.identities[true_row]))
            if place is not None and np.isfinite(view.found.floor_m[found_row]).all():
                errors.append(float(np.hypot(*(view.found.floor_m[found_row] - np.array(place)))))
    return np.array(errors, dtype=np.float64)


def person_errors(view: CameraView, true: Places, found: Places) -> NDArray[np.float64]:
    """Distances in metres between where the map has the identity of a matched box and where the person is."""
    errors = []
    for frame in view.frames:
        for true_index, found_index in match_pairs(frame.similarity):
            number = int(view.truth.frames[frame.true_rows[true_index]])
            place = true.get(number, {}).get(int(frame.true_ids[true_index]))
            other = found.get(number, {}).get(int(frame.found_ids[found_index]))
            if place is not None and other is not None:
                errors.append(float(np.hypot(place[0] - other[0], place[1] - other[1])))
    return np.array(errors, dtype=np.float64)


def summarise_errors(errors: NDArray[np.float64]) -> GroundError:
    """Median and 90th percentile."""
    if len(errors) == 0:
        return GroundError(None, None, 0)
    median, p90 = np.percentile(errors, [50, 90])
    return GroundError(round(float(median), 4), round(float(p90), 4), len(errors))


def _project(table: BoxTable, matrix: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Project feet (N, 2), metres; NaN without a matrix and for boxes cut off by the image's lower border."""
    if matrix is None or len(table) == 0:
        return np.full((len(table), 2), np.nan)
    x, y, width, height = table.boxes_xywh.T
    lower_border = (y + height).max()  # true boxes are clipped to the image
    projected = np.stack([x + width / 2, y + height, np.ones(len(table))], axis=1) @ matrix.T
    places: NDArray[np.float64] = projected[:, :2] / projected[:, 2:]
    places[y + height >= lower_border - _BORDER_PX] = np.nan
    return places


def _finite(place: NDArray[np.float64]) -> tuple[float, float] | None:
    return (float(place[0]), float(place[1])) if np.isfinite(place).all() else None


def _means(collected: dict[tuple[int, int], list[tuple[float, float]]]) -> Places:
    places: Places = {}
    for (frame, identity), found in sorted(collected.items()):
        x_m, y_m = np.mean(found, axis=0).tolist()
        places.setdefault(frame, {})[identity] = (x_m, y_m)
    return places
