"""Whether probabilities of identities mean what they say."""

from pathlib import Path

from spoton_evaluation.pictures.canvas import canvas
from spoton_evaluation.reliability import Reliability


def draw_reliability(found: Reliability, title: str, path: Path) -> None:
    """Draw the share of right identities over the promised probability, for groups of boxes."""
    promised, true = [b.mean_probability for b in found.bins], [b.share_correct for b in found.bins]
    low = min(0.9, *promised, *true) - 0.05
    with canvas(path, 5.4, 5) as figure:
        axis = figure.subplots()
        axis.plot([low, 1], [low, 1], color="0.6", linestyle="--", linewidth=1)
        axis.plot(promised, true, color="#1f77b4", linewidth=1, marker="o", markersize=4)
        for b in found.bins:
            here, there = (b.mean_probability, b.share_correct), (4, -9)
            axis.annotate(f"{b.count}", here, there, textcoords="offset points", fontsize=7, color="0.4")
        axis.set(xlim=(low, 1.02), ylim=(low, 1.02), aspect="equal")
        axis.set(xlabel="probability given (numbers: boxes)", ylabel="share that was right")
        axis.set_title(f"{title}: expected calibration error {found.expected_calibration_error:.3f}", fontsize=9)
