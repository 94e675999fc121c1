"""Boxes with identities in MOTChallenge's text layout."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoton_evaluation.errors import EvaluationError

_FEWEST_COLUMNS = 6  # frame, id, x, y, w, h
_VISIBILITY_COLUMN = 8
_FLOOR_COLUMNS = (7, 8)
_TRACKER_COLUMNS = 10


@dataclass(frozen=True, slots=True)
class BoxTable:
    """Boxes of one camera, one row each.

    Attributes:
        frames: int64 (N,), from 1.
        identities: int64 (N,).
        boxes_xywh: float64 (N, 4) pixels.
        visibilities: float64 (N,) in 0..1, 1 where unknown.
        floor_m: float64 (N, 2) metres, NaN where unknown.

    """

    frames: NDArray[np.int64]
    identities: NDArray[np.int64]
    boxes_xywh: NDArray[np.float64]
    visibilities: NDArray[np.float64]
    floor_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frames)

    def select(self, mask: NDArray[np.bool_]) -> "BoxTable":
        """Keep the rows where the mask is true."""
        return BoxTable(
            self.frames[mask],
            self.identities[mask],
            self.boxes_xywh[mask],
            self.visibilities[mask],
            self.floor_m[mask],
        )


def read_ground_truth(file: Path) -> BoxTable:
    """Read `frame,id,x,y,w,h,conf,class,visibility`; rows with conf 0 are dropped (MOTChallenge's rule)."""
    rows = _read_rows(file)
    columns = rows.shape[1]
    if columns > _FEWEST_COLUMNS:
        rows = rows[rows[:, 6] != 0]
    visibilities = np.ones(len(rows))
    if columns == _VISIBILITY_COLUMN + 1:  # ten columns hold x, y, z there, not a visibility
        visibilities = np.where(rows[:, _VISIBILITY_COLUMN] < 0, 1.0, rows[:, _VISIBILITY_COLUMN])
    return _unique(_table(rows, visibilities, np.full((len(rows), 2), np.nan)), file)


def read_export(file: Path) -> BoxTable:
    """Read `frame,id,x,y,w,h,conf,x_m,y_m,-1`; the floor position -1,-1 means unknown."""
    rows = _read_rows(file)
    floor = np.full((len(rows), 2), np.nan)
    if rows.shape[1] >= _TRACKER_COLUMNS:
        floor = rows[:, _FLOOR_COLUMNS].copy()
        floor[(floor == -1).all(axis=1)] = np.nan
    return _unique(_table(rows, np.ones(len(rows)), floor), file)


def _read_rows(file: Path) -> NDArray[np.float64]:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise EvaluationError(f"{file}: {error.strerror}") from error
    if not text:
        return np.zeros((0, _TRACKER_COLUMNS))
    try:
        rows = np.loadtxt(text.splitlines(), delimiter=",", ndmin=2, dtype=np.float64)
    except ValueError as error:
        raise EvaluationError(f"{file}: {error}") from error
    if rows.shape[1] < _FEWEST_COLUMNS:
        raise EvaluationError(f"{file}: {rows.shape[1]} columns, MOTChallenge has frame,id,x,y,w,h,…")
    if not np.isfinite(rows).all():
        raise EvaluationError(f"{file}: a value is not a finite number")
    return rows


def _unique(table: BoxTable, file: Path) -> BoxTable:
    if len(table) and int(table.frames.min()) < 1:
        raise EvaluationError(f"{file}: frame {table.frames.min()} is out of range, frames count from 1")
    pairs, counts = np.unique(np.stack([table.frames, table.identities], axis=1), axis=0, return_counts=True)
    if (counts > 1).any():
        frame, identity = pairs[counts > 1][0].tolist()
        raise EvaluationError(f"{file}: identity {identity} is twice in frame {frame}")
    return table


def _table(rows: NDArray[np.float64], visibilities: NDArray[np.float64], floor_m: NDArray[np.float64]) -> BoxTable:
    return BoxTable(rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), rows[:, 2:6], visibilities, floor_m)
