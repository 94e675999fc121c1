"""Pictures of an evaluation."""

from pathlib import Path

from spoton_evaluation.pictures.confusion import draw_confusion
from spoton_evaluation.pictures.floor import draw_floor
from spoton_evaluation.pictures.ladder import Step, draw_ladder
from spoton_evaluation.pictures.reliability_curve import draw_reliability
from spoton_evaluation.pictures.timeline import draw_timeline
from spoton_evaluation.report import Matched


def draw_all(matched: Matched, fps: float, title: str, folder: Path) -> list[Path]:
    """Draw what one export alone can tell."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.png" for name in ("timeline", "confusion", "map")]
    draw_timeline(matched, fps, title, files[0])
    draw_confusion(matched, title, files[1])
    if not matched.ground:
        return files[:2]
    draw_floor(matched, title, files[2])
    return files


__all__ = ["Step", "draw_all", "draw_confusion", "draw_floor", "draw_ladder", "draw_reliability", "draw_timeline"]
