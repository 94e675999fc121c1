"""Scores a detector on held-out scenes: PASCAL VOC's matching at IoU 0.5, hidden people left out of account."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoton_training.detector.dataset import trainable
from spoton_training.detector.inference import PersonFinder
from spoton_training.pictures import Picture, take_pictures
from spoton_training.progress import show_progress
from spoton_training.runtime import median_ms
from spoton_training.seeds import held_out_scenes

Floats = NDArray[np.float32]
MIN_VISIBILITY = 0.5
CONFIDENCE = 0.25  # at which precision and recall are given: the usual threshold
_LOWEST_CONFIDENCE = 0.01  # the precision-recall curve starts here
_PICTURES_PER_SCENE = 4  # one a camera
_MATCH_IOU = 0.5


@dataclass(frozen=True)
class DetectorFigures:
    """Figures at IoU 0.5 and visibility ≥ 0.5; precision and recall at CONFIDENCE; iou: mean of the matches there."""

    pictures: int
    people: int
    precision: float
    recall: float
    ap50: float
    mean_iou: float
    ms_per_picture: float


@dataclass(frozen=True)
class Judged:
    """What became of a picture's detections, each array (N,); those on hidden people are left out."""

    correct: NDArray[np.bool_]
    confidences: Floats
    ious: Floats
    people: int


def evaluate_detector(file: Path, scenes: int, threads: int = 2) -> DetectorFigures:
    """Score an exported detector on `scenes` held-out scenes.

    Raises:
        ModelFileError: no detector there.
        RecipeError: no scenes asked for.

    """
    finder = PersonFinder(file, threads)
    judged: list[Judged] = []
    for scene in show_progress(held_out_scenes(scenes), "detect", scenes):
        for picture in take_pictures(scene, _PICTURES_PER_SCENE):
            boxes, confidences = finder.find(picture.decode(), _LOWEST_CONFIDENCE)
            judged.append(judge(boxes, confidences, picture))
    return _summarise(judged, median_ms(finder.model))


def judge(boxes_xyxy: Floats, confidences: Floats, picture: Picture) -> Judged:
    """Match detections, best first, each to the free person of largest IoU; those on hidden people are ignored."""
    wanted = trainable(picture, MIN_VISIBILITY)
    overlaps = box_ious(boxes_xyxy, picture.boxes_xyxy)
    free = np.ones(len(wanted), dtype=np.bool_)
    rows: list[tuple[bool, float, float]] = []
    for index in np.argsort(-confidences, kind="stable"):
        near = np.where(free & (overlaps[index] >= _MATCH_IOU), overlaps[index], 0.0)
        best = _best_match(near, wanted)
        if best is None:
            rows.append((False, float(confidences[index]), 0.0))
            continue
        free[best] = False
        if wanted[best]:
            rows.append((True, float(confidences[index]), float(near[best])))
    table = np.array(rows, np.float32).reshape(-1, 3)
    return Judged(table[:, 0] > 0, table[:, 1], table[:, 2], int(wanted.sum()))


def box_ious(first: Floats, second: Floats) -> Floats:
    """Intersection over union of all pairs: (N, 4) and (M, 4) xyxy → (N, M)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    first_area, second_area = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second))
    ious: Floats = (shared / np.maximum(first_area[:, None] + second_area[None] - shared, 1e-9)).astype(np.float32)
    return ious


def average_precision(correct: NDArray[np.bool_], confidences: Floats, people: int) -> float:
    """Area under the precision-recall curve, precision made monotone (VOC 2010 and later)."""
    order = np.argsort(-confidences, kind="stable")
    hits = np.cumsum(correct[order])
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(envelope[correct[order]]) / max(1, people))


def _best_match(near: Floats, wanted: NDArray[np.bool_]) -> int | None:
    """Index of the best wanted person, else of the best hidden one, else None."""
    for candidates in (near * wanted, near * ~wanted):
        if candidates.size and candidates.max() > 0:
            return int(candidates.argmax())
    return None


def _summarise(judged: list[Judged], ms_per_picture: float) -> DetectorFigures:
    correct = np.concatenate([picture.correct for picture in judged])
    confidences = np.concatenate([picture.confidences for picture in judged])
    ious = np.concatenate([picture.ious for picture in judged])
    people = sum(picture.people for picture in judged)
    sure = confidences >= CONFIDENCE
    return DetectorFigures(
        pictures=len(judged),
        people=people,
        precision=float(correct[sure].mean()) if sure.any() else 0.0,
        recall=float(correct[sure].sum() / max(1, people)),
        ap50=average_precision(correct, confidences, people),
        mean_iou=float(ious[sure & correct].mean()) if (sure & correct).any() else 0.0,
        ms_per_picture=ms_per_picture,
    )
