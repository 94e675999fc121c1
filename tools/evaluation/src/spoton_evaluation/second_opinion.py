"""The same figures from a second library (py-motmetrics), which shares no counting code with the first.

It knows no HOTA, and its fragments are others (it leaves out gaps in which the annotator saw nobody either): those two
rest on TrackEval alone.
"""

from dataclasses import dataclass

import motmetrics
import numpy as np

from spoton_evaluation.matching import MATCH_IOU, ScoredFrame
from spoton_evaluation.scores import Scores

_SHARES = {"idf1": "idf1", "id_precision": "idp", "id_recall": "idr", "mota": "mota"}
_COUNTS = {
    "identity_switches": "num_switches",
    "false_positives": "num_false_positives",
    "misses": "num_misses",
}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where two libraries differ most.

    Attributes:
        shares: largest difference of IDF1, identity precision and recall, and MOTA, in percentage points.
        counts: largest difference of switches, false positives and misses.

    """

    shares: float
    counts: int


def second_opinion(frames: list[ScoredFrame]) -> dict[str, float]:
    """Count again: percentages and counts under the names of `Scores`."""
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame in frames:
        # A similarity of just the gate counts, in both libraries.
        near = frame.similarity >= MATCH_IOU - np.finfo(np.float64).eps
        accumulator.update(frame.true_ids, frame.found_ids, np.where(near, 1 - frame.similarity, np.nan))
    names = [*_SHARES.values(), *_COUNTS.values()]
    found = motmetrics.metrics.create().compute(accumulator, metrics=names, return_dataframe=False)
    return {name: 100 * float(found[other]) for name, other in _SHARES.items()} | {
        name: float(found[other]) for name, other in _COUNTS.items()
    }


def compare(scores: Scores, frames: list[ScoredFrame]) -> Disagreement:
    """Compare scores with the second library's."""
    apart = {name: abs(getattr(scores, name) - value) for name, value in second_opinion(frames).items()}
    return Disagreement(round(max(apart[n] for n in _SHARES), 4), round(max(apart[n] for n in _COUNTS)))
