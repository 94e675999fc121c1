"""Score an export against a ground truth folder and say the result."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from spoton_evaluation.errors import ExportError, GroundTruthError
from spoton_evaluation.ground import GroundError, floor_errors, read_floor_truth, summarise_errors
from spoton_evaluation.matching import annotated_frames, score_frames
from spoton_evaluation.motchallenge import read_export, read_ground_truth
from spoton_evaluation.scores import Scores, score

FLOOR_TRUTH_NAME = "floor.csv"


@dataclass(frozen=True, slots=True)
class Report:
    """Scores per camera, and of all cameras as one sequence with global identities."""

    cameras: dict[str, Scores]
    cross_camera: Scores
    ground: GroundError

    def to_json(self) -> str:
        """Write the report as JSON with the field names of the dataclasses."""
        return json.dumps(asdict(self), indent=2)

    def to_table(self) -> str:
        """Write the report as a table to read."""
        titles = (
            "",
            "IDF1",
            "HOTA",
            "DetA",
            "AssA",
            "LocA",
            "MOTA",
            "IDs",
            "frag",
            "FP",
            "miss",
            "found/true",
        )
        lines = [_line(titles)]
        for name, scores in [*self.cameras.items(), ("all cameras", self.cross_camera)]:
            lines.append(_line((name, *_cells(scores))))
        if self.ground.median_m is not None:
            lines.append(f"floor error: median {self.ground.median_m:.3f} m, p90 {self.ground.p90_m:.3f} m")
        return "\n".join(lines)


def evaluate(ground_truth_dir: Path, export_dir: Path) -> Report:
    """Score `<camera>.txt` files of an export.

    Args:
        ground_truth_dir: `<camera>/gt.txt`, `<camera>/gt/gt.txt` or `<camera>.txt` per camera
            (`frame,id,x,y,w,h,conf,class,visibility`), and optionally `floor.csv`
            (`frame,id,x_m,y_m` with a header, the same for all cameras).
        export_dir: `<camera>.txt` in MOTChallenge's ten columns per camera of the ground truth.

    Raises:
        GroundTruthError: no camera in the folder.
        ExportError: a camera of the ground truth has no file in the export.
        EvaluationError: a file that cannot be read.

    """
    truth_files = find_ground_truth(ground_truth_dir)
    floor_file = ground_truth_dir / FLOOR_TRUTH_NAME
    floor = read_floor_truth(floor_file) if floor_file.is_file() else {}
    cameras, all_frames, errors = {}, [], []
    for camera, truth_file in truth_files.items():
        export_file = export_dir / f"{camera}.txt"
        if not export_file.is_file():
            raise ExportError(f"no {camera}.txt in {export_dir}")
        truth, found = read_ground_truth(truth_file), read_export(export_file)
        frames = score_frames(truth, found, annotated_frames(truth))
        cameras[camera] = score(frames)
        all_frames += frames
        errors.append(floor_errors(truth, found, frames, floor))
    return Report(cameras, score(all_frames), summarise_errors(np.concatenate(errors)))


def find_ground_truth(folder: Path) -> dict[str, Path]:
    """Find the ground truth file of every camera, in the order of the cameras' names."""
    if not folder.is_dir():
        raise GroundTruthError(f"{folder} is no folder")
    nested = {file.parent.name: file for file in folder.glob("*/gt.txt") if file.parent.name != "gt"}
    nested |= {file.parent.parent.name: file for file in folder.glob("*/gt/gt.txt")}
    flat = {file.stem: file for file in folder.glob("*.txt") if file.stem != "ignore"}
    found = nested or flat
    if not found:
        raise GroundTruthError(f"no <camera>/gt.txt and no <camera>.txt in {folder}")
    return dict(sorted(found.items()))


def _cells(scores: Scores) -> tuple[str, ...]:
    shares = (scores.idf1, scores.hota, scores.det_a, scores.ass_a, scores.loc_a, scores.mota)
    counts = (scores.identity_switches, scores.fragments, scores.false_positives, scores.misses)
    found = f"{scores.found_identities}/{scores.true_identities}"
    return (*(f"{share:.1f}" for share in shares), *(str(count) for count in counts), found)


def _line(cells: tuple[str, ...]) -> str:
    return f"{cells[0]:<14}" + "".join(f"{cell:>7}" for cell in cells[1:-1]) + f"{cells[-1]:>12}"
