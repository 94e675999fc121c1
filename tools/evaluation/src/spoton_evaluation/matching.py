"""Bring ground truth and export of one camera to the same frames and set aside what is not scored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from spoton_evaluation.motchallenge import BoxTable

MATCH_IOU = 0.5  # MOTChallenge's gate
LEAST_VISIBILITY = 0.3  # boxes below are neither a miss nor a hit
LEAST_BORDER_WIDTH_PX = 12.0  # slivers at the image border are not scored either
_BORDER_PX = 1.0


@dataclass(frozen=True, slots=True)
class ScoredFrame:
    """One annotated frame after ignored boxes, and what covers them, are gone."""

    true_ids: NDArray[np.int64]
    found_ids: NDArray[np.int64]
    similarity: NDArray[np.float64]  # (true, found): IoU of boxes; on the floor 1 - distance / two gates
    true_rows: NDArray[np.int64]  # rows of the ground truth's table
    found_rows: NDArray[np.int64]


def annotated_frames(truth: BoxTable, length: int | None = None) -> NDArray[np.int64]:
    """Frames that the annotators looked at: their common stride, from the first phase on.

    Args:
        truth: ground truth of one camera; a frame without a person leaves no row.
        length: number of frames of the sequence where known, else up to the last box.

    """
    frames = np.unique(truth.frames)
    if len(frames) == 0:
        return np.arange(1, (length or 0) + 1)
    stride = int(np.gcd.reduce(np.diff(frames))) if len(frames) > 1 else 1
    first = (int(frames[0]) - 1) % stride + 1
    return np.arange(first, (length or int(frames[-1])) + 1, stride)


def score_frames(truth: BoxTable, found: BoxTable, frames: NDArray[np.int64]) -> list[ScoredFrame]:
    """Match every annotated frame of one camera.

    A found box whose best partner (Hungarian, IoU ≥ 0.5, over all true boxes) is an ignored one is
    dropped with it.
    """
    ignored = _ignored(truth)
    true_rows, found_rows = _rows_by_frame(truth), _rows_by_frame(found)
    empty = np.zeros(0, dtype=np.int64)
    scored = []
    for frame in frames.tolist():
        true_here, found_here = true_rows.get(frame, empty), found_rows.get(frame, empty)
        iou = pairwise_iou(truth.boxes_xywh[true_here], found.boxes_xywh[found_here])
        keep_true = ~ignored[true_here]
        keep_found = ~_covers_ignored(iou, ~keep_true)
        scored.append(
            ScoredFrame(
                truth.identities[true_here[keep_true]],
                found.identities[found_here[keep_found]],
                iou[np.ix_(keep_true, keep_found)],
                true_here[keep_true],
                found_here[keep_found],
            )
        )
    return scored


def match_pairs(iou: NDArray[np.float64], gate: float = MATCH_IOU) -> list[tuple[int, int]]:
    """Pair true and found boxes so that the sum of IoU over the gate is greatest."""
    rows, columns = linear_sum_assignment(np.where(iou >= gate, iou, 0.0), maximize=True)
    return [(r, c) for r, c in zip(rows.tolist(), columns.tolist(), strict=True) if iou[r, c] >= gate]


def pairwise_iou(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of boxes (N, 4) and (M, 4), x y w h; (N, M)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, :2] + first[:, None, 2:], second[None, :, :2] + second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = first[:, 2:].prod(axis=1)[:, None] + second[:, 2:].prod(axis=1)[None, :] - shared
    iou: NDArray[np.float64] = shared / np.maximum(union, 1e-12)
    return iou


def _ignored(truth: BoxTable) -> NDArray[np.bool_]:
    if len(truth) == 0:
        return np.zeros(0, dtype=np.bool_)
    left, width = truth.boxes_xywh[:, 0], truth.boxes_xywh[:, 2]
    right_border = (left + width).max()  # true boxes are clipped to the image
    at_border = (left <= _BORDER_PX) | (left + width >= right_border - _BORDER_PX)
    sliver = (width < LEAST_BORDER_WIDTH_PX) & at_border
    ignored: NDArray[np.bool_] = (truth.visibilities < LEAST_VISIBILITY) | sliver
    return ignored


def _rows_by_frame(table: BoxTable) -> dict[int, NDArray[np.int64]]:
    order = np.argsort(table.frames, kind="stable")
    frames, starts = np.unique(table.frames[order], return_index=True)
    return dict(zip(frames.tolist(), np.split(order, starts[1:]), strict=True)) if len(table) else {}


def _covers_ignored(iou: NDArray[np.float64], ignored: NDArray[np.bool_]) -> NDArray[np.bool_]:
    dropped = np.zeros(iou.shape[1], dtype=np.bool_)
    for row, column in match_pairs(iou):
        dropped[column] = ignored[row]
    return dropped
