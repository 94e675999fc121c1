"""Score an export that the line wrote, with what its files can tell of time."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from spoton_common.environment import InvalidEnvironmentError, UnknownFrameRateError, load_environment, scene_record
from spoton_schemas.records import Scene

from spoton_evaluation.errors import ExportError, SceneError
from spoton_evaluation.ground_truth import load_ground_truth
from spoton_evaluation.matching import match_pairs
from spoton_evaluation.motchallenge import BoxTable
from spoton_evaluation.report import Matched, Report, match, summarise
from spoton_evaluation.second_opinion import Disagreement, compare
from spoton_evaluation.timeliness import Sight, Timeliness, first_correct_delays, identity_of, summarise_timeliness

KINDS = ("live", "revised")


@dataclass(frozen=True, slots=True)
class ScoredExport:
    """What an export is worth.

    Attributes:
        reports: by kind: live and revised, or `export` where the folder does not tell them apart.
        timeliness: from the frames alone: the line's own delay before it publishes is not in an export.

    """

    reports: dict[str, Report]
    matched: dict[str, Matched]
    timeliness: Timeliness
    disagreement: Disagreement
    fps: float


def read_scene(folder: Path) -> Scene:
    """Read an environment folder as the record that travels between services.

    Raises:
        SceneError: the folder has mistakes, or its frame rate is unknown.

    """
    try:
        return scene_record(load_environment(folder))
    except (InvalidEnvironmentError, UnknownFrameRateError) as error:
        raise SceneError(str(error)) from error


def homographies(scene: Scene) -> dict[str, NDArray[np.float64]]:
    """Return image → floor metres, (3, 3), by calibrated camera."""
    return {
        camera.camera_id: np.array(camera.homography, np.float64).reshape(3, 3)
        for camera in scene.cameras
        if camera.homography is not None
    }


def score_export(environment: Path, ground_truth: Path, export: Path, length: int | None = None) -> ScoredExport:
    """Score a folder of `<camera>.txt`, or one that holds such folders as `live/` and `revised/`.

    Args:
        environment: folder with environment.yaml: the cameras, their frame rate and their planes.
        ground_truth: see `load_ground_truth`.
        export: see `evaluate`.
        length: frames of the sequence, where known.

    Raises:
        SceneError: the environment cannot be used, or lacks a camera of the ground truth.
        EvaluationError: as `evaluate`.

    """
    scene, truth = read_scene(environment), load_ground_truth(ground_truth)
    unknown = sorted(truth.cameras.keys() - {camera.camera_id for camera in scene.cameras})
    if unknown:
        raise SceneError(f"{environment} has no camera {', '.join(unknown)}, which the ground truth has")
    if not export.is_dir():
        raise ExportError(f"{export} is no folder")
    both = all((export / kind).is_dir() for kind in KINDS)
    folders = {kind: export / kind for kind in KINDS} if both else {"export": export}
    matched = {kind: match(truth, folder, homographies(scene), length) for kind, folder in folders.items()}
    last = matched[list(matched)[-1]]
    reports = {kind: summarise(found) for kind, found in matched.items()}
    disagreement = compare(reports[list(reports)[-1]].cross_camera, last.all_frames())
    return ScoredExport(reports, matched, _timeliness(matched, scene), disagreement, scene.processing_fps)


def _timeliness(matched: dict[str, Matched], scene: Scene) -> Timeliness:
    first, last = (matched[list(matched)[index]] for index in (0, -1))
    fps, identities = scene.processing_fps, identity_of(last.all_frames())
    sights, first_seen = [], dict[int, float]()
    for view in first.views.values():
        for number, frame in zip(view.frame_numbers.tolist(), view.frames, strict=True):
            time_s = (number - 1) / fps
            for person in frame.true_ids.tolist():
                first_seen[person] = min(time_s, first_seen.get(person, np.inf))
            for row, column in match_pairs(frame.similarity):
                sights.append(Sight(int(frame.true_ids[row]), int(frame.found_ids[column]), time_s, time_s))
    delays, never = first_correct_delays(sights, identities, first_seen)
    revisions = sum(changed_stretches(view.found, last.views[camera].found) for camera, view in first.views.items())
    frames = max(int(view.frame_numbers[-1]) for view in last.views.values())
    return summarise_timeliness(delays, never, revisions, frames / fps / 60)


def changed_stretches(live: BoxTable, revised: BoxTable) -> int:
    """Count the stretches of one camera's boxes that went from one identity to another."""
    after = _by_place(revised)
    pairs: dict[tuple[int, int], list[int]] = {}
    for place, identity in _by_place(live).items():
        later = after.get(place, 0)
        if later != identity:
            pairs.setdefault((identity, later), []).append(place[0])
    return sum(1 + int((np.diff(sorted(frames)) > 1).sum()) for frames in pairs.values())


def _by_place(table: BoxTable) -> dict[tuple[int, tuple[float, ...]], int]:
    rows = zip(table.frames.tolist(), table.boxes_xywh.tolist(), table.identities.tolist(), strict=True)
    return {(frame, tuple(box)): identity for frame, box, identity in rows}
