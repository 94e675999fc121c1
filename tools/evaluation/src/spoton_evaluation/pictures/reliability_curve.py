"""Whether probabilities of identities mean what they say."""

from pathlib import Path

from spoton_evaluation.pictures.canvas import canvas
from spoton_evaluation.reliability import Reliability


def draw_reliability(found: Reliability, title: str, path: Path) -> None:
    """Draw the share of right identities over the promised probability; the size of a dot says how many boxes."""
    most = max(b.count for b in found.bins)
    with canvas(path, 5, 4.6) as figure:
        axis = figure.subplots()
        axis.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
        promised, true = [b.mean_probability for b in found.bins], [b.share_correct for b in found.bins]
        axis.plot(promised, true, color="#1f77b4", linewidth=1)
        axis.scatter(promised, true, s=[20 + 200 * b.count / most for b in found.bins], color="#1f77b4")
        axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="probability given", ylabel="share that was right")
        axis.set_title(f"{title}: expected calibration error {found.expected_calibration_error:.3f}", fontsize=9)
