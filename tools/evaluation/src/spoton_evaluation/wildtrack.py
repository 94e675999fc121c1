"""WILDTRACK's layout, which MultiviewX shares.

`annotations_positions/<frame>.json` lists people: `personID`, `positionID` (a cell of a 2.5 cm grid on the floor) and
`views` with `viewNum` from 0, `xmin`, `ymin`, `xmax`, `ymax` (-1 where unseen). `calibrations/` holds OpenCV's XML:
camera matrices under `intrinsic_zero/` (WILDTRACK's undistorted pictures) or `intrinsic/`, rvec and tvec under
`extrinsic/`. WILDTRACK counts centimetres and its grid is 480 cells wide and starts at (-3, -9) m; MultiviewX counts
metres, 1000 cells from (0, 0). Sources: the data sets' pages and toolkits (Chavdarova et al. 2018, Hou et al. 2020).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from spoton_evaluation.errors import GroundTruthError
from spoton_evaluation.motchallenge import BoxTable

Matrix = NDArray[np.float64]

_ANNOTATIONS = "annotations_positions"
_CELL_M = 0.025
_INTRINSICS = ("intrinsic_zero", "intrinsic")


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the two data sets do differently."""

    grid_width: int
    origin_m: tuple[float, float]
    units_per_m: float

    def position(self, cell: int) -> tuple[float, float]:
        row, column = divmod(cell, self.grid_width)
        return self.origin_m[0] + column * _CELL_M, self.origin_m[1] + row * _CELL_M


_WILDTRACK = _Layout(480, (-3.0, -9.0), 100.0)
_MULTIVIEWX = _Layout(1000, (0.0, 0.0), 1.0)


def is_wildtrack(folder: Path) -> bool:
    """Tell whether a folder has this layout."""
    return (folder / _ANNOTATIONS).is_dir()


def read_wildtrack(
    folder: Path,
) -> tuple[dict[str, BoxTable], dict[tuple[int, int], tuple[float, float]], dict[str, Matrix]]:
    """Read annotations and calibrations.

    Returns:
        boxes by camera (C1, C2, … as the picture folders are named), positions in metres by (frame, person), and
        homographies from undistorted pixels to the floor, metres, by camera (empty without calibrations). The first
        file is frame 1; names count on from there.

    Raises:
        GroundTruthError: no annotation, or one that cannot be read.

    """
    files = sorted((folder / _ANNOTATIONS).glob("*.json"))
    if not files:
        raise GroundTruthError(f"{folder / _ANNOTATIONS}: no annotation")
    homographies, layout = _read_calibrations(folder / "calibrations")
    rows: dict[str, list[tuple[float, ...]]] = {camera: [] for camera in homographies}
    floor = {}
    for file in files:
        try:
            frame = int(file.stem) - int(files[0].stem) + 1
            for person in json.loads(file.read_text(encoding="utf-8")):
                identity = int(person["personID"])
                floor[frame, identity] = layout.position(int(person["positionID"]))
                for view in person["views"]:
                    corners = [float(view[key]) for key in ("xmin", "ymin", "xmax", "ymax")]
                    if min(corners[2:]) > 0:
                        rows.setdefault(f"C{int(view['viewNum']) + 1}", []).append((frame, identity, *corners))
        except (ValueError, KeyError, TypeError) as error:
            raise GroundTruthError(f"{file}: {error!r}") from error
    if not any(rows.values()):
        raise GroundTruthError(f"{folder / _ANNOTATIONS}: nobody is annotated")
    return {camera: _table(found) for camera, found in sorted(rows.items())}, floor, homographies


def _table(rows: list[tuple[float, ...]]) -> BoxTable:
    values = np.array(rows, np.float64).reshape(-1, 6)
    boxes = np.concatenate([values[:, 2:4], values[:, 4:6] - values[:, 2:4]], axis=1)
    count = len(values)
    return BoxTable(
        values[:, 0].astype(np.int64), values[:, 1].astype(np.int64), boxes, np.ones(count), np.full((count, 2), np.nan)
    )


def _read_calibrations(folder: Path) -> tuple[dict[str, Matrix], _Layout]:
    extrinsics = sorted((folder / "extrinsic").glob("extr_*.xml"))
    is_multiviewx = any(file.stem.startswith("extr_Camera") for file in extrinsics)
    layout = _MULTIVIEWX if is_multiviewx else _WILDTRACK
    homographies = {}
    for view, extrinsic in enumerate(_in_order_of_views(extrinsics)):
        name = extrinsic.name.replace("extr_", "intr_", 1)
        intrinsic = next((folder / kind / name for kind in _INTRINSICS if (folder / kind / name).is_file()), None)
        if intrinsic is None:
            raise GroundTruthError(f"{folder}: {extrinsic.name} has no {name} beside it")
        homographies[f"C{view + 1}"] = _floor_homography(intrinsic, extrinsic, layout.units_per_m)
    return homographies, layout


def _in_order_of_views(files: list[Path]) -> list[Path]:
    """WILDTRACK's views 0-6 are CVLab1-4, then IDIAP1-3, which is the order of names."""
    return sorted(files, key=lambda file: file.stem)


def _floor_homography(intrinsic: Path, extrinsic: Path, units_per_m: float) -> Matrix:
    camera = _matrix(intrinsic, "camera_matrix")
    rotation, _ = cv2.Rodrigues(_matrix(extrinsic, "rvec").reshape(3, 1))
    translation = _matrix(extrinsic, "tvec").reshape(3)
    to_image = camera @ np.stack([rotation[:, 0] * units_per_m, rotation[:, 1] * units_per_m, translation], axis=1)
    inverse: Matrix = np.linalg.inv(to_image)
    return inverse


def _matrix(file: Path, name: str) -> Matrix:
    storage: Any = cv2.FileStorage(str(file), cv2.FILE_STORAGE_READ)
    try:
        node = storage.getNode(name)
        found: Matrix | None = None
        if node.isSeq():  # WILDTRACK writes rvec and tvec as plain sequences
            found = np.array([node.at(index).real() for index in range(node.size())])
        elif node.isMap():
            found = node.mat()
    finally:
        storage.release()
    if found is None or np.size(found) == 0:
        raise GroundTruthError(f"{file} has no {name}")
    return np.asarray(found, np.float64)
