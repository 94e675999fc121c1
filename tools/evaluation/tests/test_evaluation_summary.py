"""Targets stand beside the figure that is farthest from them."""

import pytest
from spoton_evaluation.figures import Figures
from spoton_evaluation.summary import TARGETS, Target

_IDF1 = "ours.revised.all.idf1"


@pytest.mark.parametrize(("value", "verdict"), [(96.0, "aim"), (95.0, "aim"), (91.5, "must"), (88.0, "misses by 2")])
def test_a_target_is_reached_or_missed_by_so_much(value: float, verdict: str) -> None:
    row = Target("IDF1", _IDF1, 90, 95, generated=True).row({f"hall.{_IDF1}": value})
    assert row == f"| generated scenes: IDF1 | ≥ 90 | ≥ 95 | {value:.4g} (`hall`) | {verdict} |"


def test_the_worst_generated_scene_counts_and_real_footage_apart() -> None:
    figures: Figures = {f"hall.{_IDF1}": 97.0, f"alike.{_IDF1}": 71.0, f"terrace1.{_IDF1}": 60.0}
    assert Target("", _IDF1, 90, 95, generated=True).worst(figures) == (71.0, "alike")
    assert Target("", _IDF1, 97, 98.3).worst(figures) == (60.0, "terrace1")
    assert Target("", _IDF1, 1, 0, most=True, generated=True).worst(figures) == (97.0, "hall")


def test_what_was_not_measured_is_said() -> None:
    assert all("not measured" in target.row({}) for target in TARGETS)
