"""HOTA, CLEAR and identity scores of matched frames, counted by TrackEval."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from trackeval.metrics import CLEAR, HOTA, Identity

from spoton_evaluation.matching import MATCH_IOU, ScoredFrame

_QUIET = {"PRINT_CONFIG": False, "THRESHOLD": MATCH_IOU}


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one sequence. Percentages are 0..100; HOTA's are averages over IoU 0.05..0.95."""

    hota: float
    det_a: float
    ass_a: float
    loc_a: float
    mota: float
    idf1: float
    id_precision: float
    id_recall: float
    identity_switches: int
    fragments: int
    false_positives: int
    misses: int
    true_boxes: int
    found_boxes: int
    true_identities: int
    found_identities: int


def score(frames: list[ScoredFrame]) -> Scores:
    """Score one sequence; concatenate the frames of cameras to score global identities."""
    data = _trackeval_data(frames)
    hota = HOTA().eval_sequence(data)
    clear = CLEAR(dict(_QUIET)).eval_sequence(data)
    identity = Identity(dict(_QUIET)).eval_sequence(data)
    return Scores(
        hota=_percent(np.mean(hota["HOTA"])),
        det_a=_percent(np.mean(hota["DetA"])),
        ass_a=_percent(np.mean(hota["AssA"])),
        loc_a=_percent(np.mean(hota["LocA"])),
        mota=_percent(clear["MOTA"]),
        idf1=_percent(identity["IDF1"]),
        id_precision=_percent(identity["IDP"]),
        id_recall=_percent(identity["IDR"]),
        identity_switches=int(clear["IDSW"]),
        fragments=int(clear["Frag"]),
        false_positives=int(clear["CLR_FP"]),
        misses=int(clear["CLR_FN"]),
        true_boxes=int(data["num_gt_dets"]),
        found_boxes=int(data["num_tracker_dets"]),
        true_identities=int(data["num_gt_ids"]),
        found_identities=int(data["num_tracker_ids"]),
    )


def _percent(share: float) -> float:
    return round(100.0 * float(share), 4)


def _trackeval_data(frames: list[ScoredFrame]) -> dict[str, Any]:
    empty = [np.zeros(0, dtype=np.int64)]
    true_names = np.unique(np.concatenate(empty + [frame.true_ids for frame in frames]))
    found_names = np.unique(np.concatenate(empty + [frame.found_ids for frame in frames]))
    return {
        "num_timesteps": len(frames),
        "gt_ids": [np.searchsorted(true_names, frame.true_ids) for frame in frames],
        "tracker_ids": [np.searchsorted(found_names, frame.found_ids) for frame in frames],
        "similarity_scores": [frame.similarity for frame in frames],
        "num_gt_dets": sum(len(frame.true_ids) for frame in frames),
        "num_tracker_dets": sum(len(frame.found_ids) for frame in frames),
        "num_gt_ids": len(true_names),
        "num_tracker_ids": len(found_names),
    }
