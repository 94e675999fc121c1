"""The same figures from a second library (py-motmetrics), which shares no counting code with the first."""

from dataclasses import dataclass

import motmetrics
import numpy as np

from spoton_evaluation.matching import MATCH_IOU, ScoredFrame
from spoton_evaluation.scores import Scores

_ALPHAS = np.arange(5, 100, 5) / 100
_CLEAR = ("idf1", "mota", "num_switches", "num_fragmentations", "num_false_positives", "num_misses")
_NAMES = ("hota", "det_a", "ass_a", "idf1", "mota", "identity_switches", "fragments", "false_positives", "misses")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where two libraries differ most.

    Attributes:
        shares: largest difference of HOTA, DetA, AssA, IDF1 and MOTA, in percentage points.
        counts: largest difference of switches, fragments, false positives and misses.

    """

    shares: float
    counts: int


def second_opinion(frames: list[ScoredFrame]) -> dict[str, float]:
    """Count again: percentages and counts under the names of `Scores`."""
    at_gate = _compute(frames, MATCH_IOU, _CLEAR)
    by_alpha = np.array([_compute(frames, alpha, ("hota_alpha", "deta_alpha", "assa_alpha")) for alpha in _ALPHAS])
    shares = [*(100 * by_alpha.mean(axis=0)), 100 * at_gate[0], 100 * at_gate[1]]
    return dict(zip(_NAMES, [*map(float, shares), *at_gate[2:]], strict=True))


def compare(scores: Scores, frames: list[ScoredFrame]) -> Disagreement:
    """Compare scores with the second library's."""
    other = second_opinion(frames)
    apart = [abs(getattr(scores, name) - value) for name, value in other.items()]
    return Disagreement(round(max(apart[:5]), 4), round(max(apart[5:])))


def _compute(frames: list[ScoredFrame], gate: float, names: tuple[str, ...]) -> list[float]:
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame in frames:
        # The least similarity that counts is the gate itself, in both libraries.
        distances = np.where(frame.similarity >= gate - np.finfo(float).eps, 1 - frame.similarity, np.nan)
        accumulator.update(frame.true_ids, frame.found_ids, distances)
    summary = motmetrics.metrics.create().compute(accumulator, metrics=list(names), return_dataframe=False)
    return [float(summary[name]) for name in names]
