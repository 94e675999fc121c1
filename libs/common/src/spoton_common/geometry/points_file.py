"""Point files: CSV with the header `image_x,image_y,map_x_m,map_y_m`, one clicked point a line."""

import csv
import math
from pathlib import Path

from .calibration import Calibration, fit_homography
from .errors import CalibrationError

COLUMNS = ("image_x", "image_y", "map_x_m", "map_y_m")


def read_points_file(path: Path) -> Calibration:
    """Read the calibration of a points file; empty lines are skipped.

    Raises:
        CalibrationError: one problem for each mistake, naming the file and, where there is one, the line.

    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CalibrationError([f"{path.name}: no such file"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError([f"{path.name}: cannot be read as text: {error}"]) from error
    try:
        rows = _parse(path.name, text)
    except csv.Error as error:
        raise CalibrationError([f"{path.name}: not CSV: {error}"]) from error
    try:
        return fit_homography([row[:2] for row in rows], [row[2:] for row in rows])
    except CalibrationError as error:
        raise CalibrationError(f"{path.name}: {problem}" for problem in error.problems) from error


def _parse(name: str, text: str) -> list[tuple[float, ...]]:
    reader = csv.reader(text.splitlines())
    header = tuple(cell.strip() for cell in next(reader, []))
    if header != COLUMNS:
        raise CalibrationError([f"{name} line 1: the header must be '{','.join(COLUMNS)}', not '{','.join(header)}'"])
    rows: list[tuple[float, ...]] = []
    problems: list[str] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        mistakes = _mistakes(cells)
        problems.extend(f"{name} line {reader.line_num}: {mistake}" for mistake in mistakes)
        if not mistakes:
            rows.append(tuple(float(cell) for cell in cells))
    if problems:
        raise CalibrationError(problems)
    return rows


def _mistakes(cells: list[str]) -> list[str]:
    if len(cells) != len(COLUMNS):
        return [f"{len(COLUMNS)} numbers expected, {len(cells)} found"]
    return [f"'{cell.strip()}' is not a number" for cell in cells if not _is_finite_number(cell)]


def _is_finite_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
