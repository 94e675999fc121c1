"""Score an export against ground truth and say the result."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoton_evaluation.errors import ExportError
from spoton_evaluation.ground import (
    CameraView,
    GroundError,
    Places,
    box_errors,
    found_places,
    person_errors,
    read_positions,
    score_places,
    summarise_errors,
    true_places,
)
from spoton_evaluation.ground_truth import GroundTruth, load_ground_truth
from spoton_evaluation.matching import ScoredFrame, annotated_frames, score_frames
from spoton_evaluation.motchallenge import BoxTable, read_export
from spoton_evaluation.scores import Scores, score

Matrices = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Matched:
    """Ground truth and export brought together: what everything else is counted from.

    Attributes:
        views: by camera.
        ground: frames of the floor, all cameras together; empty where no place is known.
        true_places: where people were, in scored frames.
        found_places: where the map had them.

    """

    views: dict[str, CameraView]
    ground: list[ScoredFrame]
    true_places: Places
    found_places: Places
    box_errors_m: NDArray[np.float64]
    person_errors_m: NDArray[np.float64]

    def all_frames(self) -> list[ScoredFrame]:
        """All cameras' frames as one sequence with global identities."""
        return [frame for view in self.views.values() for frame in view.frames]


@dataclass(frozen=True, slots=True)
class Report:
    """Scores per camera, of all cameras as one sequence with global identities, and on the floor.

    Attributes:
        ground: errors of the cameras' own positions of matched boxes.
        person_ground: errors of the map's positions of matched identities.
        floor: identities scored on the floor with a gate of one metre; None where places are not known.

    """

    cameras: dict[str, Scores]
    cross_camera: Scores
    ground: GroundError
    person_ground: GroundError
    floor: Scores | None

    def to_json(self) -> str:
        """Write the report as JSON with the field names of the dataclasses."""
        return json.dumps(asdict(self), indent=2)

    def to_table(self) -> str:
        """Write the report as a table to read."""
        titles = ("", "IDF1", "HOTA", "DetA", "AssA", "LocA", "MOTA", "IDs", "frag", "FP", "miss", "found/true")
        lines = [_line(titles)]
        for name, scores in [*self.cameras.items(), ("all cameras", self.cross_camera)]:
            lines.append(_line((name, *_cells(scores))))
        if self.floor is not None:
            lines.append(_line(("floor, 1 m", *_cells(self.floor))))
        for title, error in (("box", self.ground), ("map", self.person_ground)):
            if error.median_m is not None:
                lines.append(f"floor error, {title}: median {error.median_m:.3f} m, p90 {error.p90_m:.3f} m")
        return "\n".join(lines)


def evaluate(
    ground_truth_dir: Path, export_dir: Path, matrices: Matrices | None = None, length: int | None = None
) -> Report:
    """Score `<camera>.txt` files of an export.

    Args:
        ground_truth_dir: see `load_ground_truth`.
        export_dir: `<camera>.txt` in MOTChallenge's ten columns per camera of the ground truth; with
            `positions.csv` (`global_frame_index,global_id,x_m,y_m`) for the map's own positions.
        matrices: image → floor by camera, to place true feet where nobody annotated positions.
        length: frames of the sequence, where known.

    Raises:
        GroundTruthError: no usable ground truth.
        ExportError: a camera is missing, a frame lies outside the sequence, nobody is in any file.
        EvaluationError: a file that cannot be read.

    """
    return summarise(match(load_ground_truth(ground_truth_dir), export_dir, matrices, length))


def match(truth: GroundTruth, export_dir: Path, matrices: Matrices | None = None, length: int | None = None) -> Matched:
    """Bring an export and the truth together; errors as `evaluate`."""
    exports = {camera: _read_camera(export_dir, camera, length) for camera in truth.cameras}
    if not any(len(found) for found in exports.values()):
        raise ExportError(f"the files in {export_dir} are empty: nobody was found in any camera")
    views = {}
    for camera, boxes in truth.cameras.items():
        numbers = annotated_frames(boxes, length)
        frames = score_frames(boxes, exports[camera], numbers)
        views[camera] = CameraView(boxes, exports[camera], frames, numbers)
    places = true_places(views, truth.floor, dict(matrices or truth.homographies))
    found = found_places(views, read_positions(export_dir))
    numbers = np.unique(np.concatenate([view.frame_numbers for view in views.values()]))
    return Matched(
        views,
        score_places(places, found, numbers) if places else [],
        places,
        found,
        np.concatenate([box_errors(view, places) for view in views.values()]),
        np.concatenate([person_errors(view, places, found) for view in views.values()]),
    )


def summarise(matched: Matched) -> Report:
    """Count."""
    return Report(
        {camera: score(view.frames) for camera, view in matched.views.items()},
        score(matched.all_frames()),
        summarise_errors(matched.box_errors_m),
        summarise_errors(matched.person_errors_m),
        score(matched.ground) if matched.ground else None,
    )


def _read_camera(folder: Path, camera: str, length: int | None) -> BoxTable:
    file = folder / f"{camera}.txt"
    if not file.is_file():
        raise ExportError(f"no {camera}.txt in {folder}")
    table = read_export(file)
    if length is not None and len(table) and int(table.frames.max()) > length:
        raise ExportError(f"{file}: frame {table.frames.max()} is out of range, the sequence has {length}")
    return table


def _cells(scores: Scores) -> tuple[str, ...]:
    shares = (scores.idf1, scores.hota, scores.det_a, scores.ass_a, scores.loc_a, scores.mota)
    counts = (scores.identity_switches, scores.fragments, scores.false_positives, scores.misses)
    found = f"{scores.found_identities}/{scores.true_identities}"
    return (*(f"{share:.1f}" for share in shares), *(str(count) for count in counts), found)


def _line(cells: tuple[str, ...]) -> str:
    return f"{cells[0]:<14}" + "".join(f"{cell:>7}" for cell in cells[1:-1]) + f"{cells[-1]:>12}"
