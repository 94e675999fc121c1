"""Scores of what is picked up and put back."""

from dataclasses import replace
from pathlib import Path

import pytest
from spoton_evaluation.errors import DatasetError
from spoton_evaluation.objects import ObjectScore, score, score_clip
from spoton_evaluation.offline.tabletop import Deed, find_in_clip, read_truth
from spoton_scenes.tabletop import CLIPS, QUIET, make_clip

UP, DOWN = "object_picked_up", "object_put_back"


def test_each_deed_is_matched_once_and_in_time() -> None:
    true = [Deed(UP, 1.0, "cup"), Deed(UP, 1.4, "cup"), Deed(DOWN, 5.0, "cup")]
    found = [Deed(UP, 1.3, "cup"), Deed(UP, 1.8, "cup"), Deed(DOWN, 5.6, "cup")]
    result = score(true, found)
    assert result.errors_s == pytest.approx((-0.1,))  # the nearest pair; the other ones are 0.8 and 0.6 s apart
    assert result.missed == (true[0], true[2])
    assert result.invented == (found[1], found[2])
    assert result.f1 == pytest.approx(1 / 3)


def test_class_and_type_matter() -> None:
    result = score([Deed(UP, 1.0, "cup")], [Deed(UP, 1.0, "bottle"), Deed(DOWN, 1.0, "cup")])
    assert (result.precision, result.recall, result.f1) == (0.0, 0.0, 0.0)


def test_nothing_expected_and_nothing_found_is_right() -> None:
    assert score([], []).f1 == 1.0


def test_truth_of_other_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "clip.events.csv"
    file.write_text("time,what\n1,cup\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"clip\.events\.csv"):
        read_truth(file)


def test_one_clip_of_each_kind() -> None:
    kinds = [name for name in CLIPS if name.endswith("-2")]
    total = sum((score_clip(name, None) for name in kinds), ObjectScore())
    assert len(total.errors_s) + len(total.missed) >= 40
    assert total.f1 >= 0.95, (total.missed, total.invented)


def test_untouched_things_do_nothing() -> None:
    assert find_in_clip(replace(make_clip(QUIET[1]), length_s=60), None) == []
