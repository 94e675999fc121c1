"""Measure one run of the line on a data set: everything that the report says of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spoton_evaluation.ground_truth import GroundTruth
from spoton_evaluation.matching import match_pairs
from spoton_evaluation.offline.export import KINDS, Published, write_exports
from spoton_evaluation.offline.oracle import CameraTruth, purity
from spoton_evaluation.offline.run import Timing
from spoton_evaluation.reliability import Reliability, reliability
from spoton_evaluation.report import Matched, Matrices, Report, match, summarise
from spoton_evaluation.second_opinion import Disagreement, compare
from spoton_evaluation.timeliness import (
    Sight,
    Timeliness,
    first_correct_delays,
    identity_of,
    summarise_timeliness,
)


@dataclass(frozen=True, slots=True)
class Truth:
    """A data set's truth in the forms that are needed."""

    annotation: GroundTruth
    cameras: dict[str, CameraTruth]
    matrices: Matrices

    @classmethod
    def of(cls, annotation: GroundTruth, matrices: Matrices) -> "Truth":
        """Prepare an annotation."""
        cameras = {camera: CameraTruth(table) for camera, table in annotation.cameras.items()}
        return cls(annotation, cameras, matrices)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What came of a run.

    Attributes:
        reports: by kind: live, revised.
        matched: by kind, for pictures.
        purity: of tracks, percent.
        tracks: how many there were in all cameras.
        reliability: of identity probabilities; None where the line gives none.

    """

    reports: dict[str, Report]
    matched: dict[str, Matched]
    purity: float
    tracks: int
    timeliness: Timeliness
    reliability: Reliability | None
    timing: Timing
    ticks: int
    fps: float

    def disagreement(self) -> Disagreement:
        """Count the revised identities of all cameras with a second library (many seconds)."""
        return compare(self.reports["revised"].cross_camera, self.matched["revised"].all_frames())


def measure(published: Published, timing: Timing, truth: Truth, out: Path) -> Measurement:
    """Export and score a run; the exports stay in `out`."""
    write_exports(published, out)
    matched = {kind: match(truth.annotation, out / kind, truth.matrices) for kind in KINDS}
    return Measurement(
        {kind: summarise(found) for kind, found in matched.items()},
        matched,
        purity(published, truth.cameras),
        sum(len({box.track.track_id for box in boxes}) for boxes in published.boxes.values()),
        _timeliness(published, matched),
        _reliability(published, matched["live"]),
        timing,
        published.ticks,
        published.fps,
    )


def _timeliness(published: Published, matched: dict[str, Matched]) -> Timeliness:
    identities = identity_of(matched["revised"].all_frames())
    sights = list(_sights(published, matched["live"]))
    first_seen: dict[int, float] = {}
    for view in matched["live"].views.values():
        for number, frame in zip(view.frame_numbers.tolist(), view.frames, strict=True):
            for person in frame.true_ids.tolist():
                first_seen[person] = min((number - 1) / published.fps, first_seen.get(person, np.inf))
    delays, never = first_correct_delays(sights, identities, first_seen)
    minutes = published.ticks / published.fps / 60
    return summarise_timeliness(delays, never, len(published.changes), minutes)


def _sights(published: Published, matched: Matched) -> list[Sight]:
    sights = []
    for camera_id, view in matched.views.items():
        published_at = {box.frame + 1: box.published_at for box in published.boxes[camera_id]}
        for number, frame in zip(view.frame_numbers.tolist(), view.frames, strict=True):
            for row, column in match_pairs(frame.similarity):
                pair = int(frame.true_ids[row]), int(frame.found_ids[column])
                sights.append(Sight(*pair, number / published.fps, published_at[number] / published.fps))
    return sights


def _reliability(published: Published, matched: Matched) -> Reliability | None:
    identities = identity_of(matched.all_frames())
    probabilities, correct = [], []
    for camera_id, view in matched.views.items():
        promised = {
            (box.frame + 1, box.live): box.track.identity_confidence
            for box in published.boxes[camera_id]
            if box.track.identity_confidence is not None
        }
        for number, frame in zip(view.frame_numbers.tolist(), view.frames, strict=True):
            for row, column in match_pairs(frame.similarity):
                probability = promised.get((number, int(frame.found_ids[column])))
                if probability is not None:
                    probabilities.append(probability)
                    correct.append(identities.get(int(frame.true_ids[row])) == int(frame.found_ids[column]))
    return reliability(probabilities, correct) if probabilities else None
