"""Table clips: what happens, what can be seen of it, and what a bad detector makes of it."""

from pathlib import Path

import av
import numpy as np
import pytest
from spoton_scenes.tabletop import CLIPS, QUIET, DetectorNoise, TableClip, as_bottles, draw_video, look, make_clip
from spoton_scenes.tabletop.script import Lift, Reach, Thing
from spoton_scenes.tabletop.staging import StagedBox, stage

CUP = Thing("cup", (320.0, 300.0))


def cup_at(clip: TableClip, time_s: float) -> StagedBox:
    return next(box for box in stage(clip, time_s) if box.key == "thing-0")


def test_there_are_enough_clips_and_quiet_ones_of_five_minutes() -> None:
    assert len(CLIPS) >= 30
    assert all(make_clip(name).deeds for name in CLIPS)
    assert all(make_clip(name).length_s == 300 and not make_clip(name).deeds for name in QUIET)


def test_unknown_clip_is_named() -> None:
    with pytest.raises(KeyError, match="juggling"):
        make_clip("juggling-1")


def test_same_seed_same_boxes() -> None:
    clip = make_clip("alike-3")
    first, second = ([next(pictures) for _ in range(40)] for pictures in (look(clip), look(clip)))
    assert first == second
    assert first != [picture for picture, _ in zip(look(clip, seed=2), range(40), strict=False)]


def test_a_lifted_thing_leaves_and_touches_down_on_time() -> None:
    clip = TableClip("lift", (CUP,), (Lift(0, 2.0, 6.0, ((200.0, 100.0),), (500.0, 300.0), (-20.0, 180.0)),), 10, 0.0)
    assert [(deed.type, deed.time_s) for deed in clip.deeds] == [("object_picked_up", 2.0), ("object_put_back", 6.0)]
    before, away, after = (cup_at(clip, time_s).bbox_xyxy for time_s in (1.99, 4.0, 6.0))
    assert (before[0] + before[2]) / 2 == pytest.approx(320.0)
    assert away[3] < 120
    assert (after[0] + after[2]) / 2 == pytest.approx(500.0)


def test_a_hiding_hand_hides_and_a_touching_one_does_not() -> None:
    for hides, most in ((True, 0.05), (False, 0.9)):
        clip = TableClip("reach", (CUP,), (Reach(0, 2.0, 5.0, hides, (-20.0, 180.0)),), 8, 0.0)
        assert cup_at(clip, 0.5).visibility == 1.0
        assert cup_at(clip, 3.5).visibility <= most
        assert (cup_at(clip, 3.5).visibility > 0.4) is not hides


def test_a_bad_detector_misses_a_fifth_for_a_second_at_most() -> None:
    noise = DetectorNoise(1.0, 12.0, unseen_hands=False, rng=np.random.default_rng(1))
    still = stage(TableClip("still", (CUP,), (), 1, 1.0), 0.0)
    found = [bool(list(noise.see(still, index / 12))) for index in range(6000)]
    assert 0.1 < found.count(False) / len(found) < 0.3
    gaps = "".join("x" if seen else "." for seen in found).split("x")
    assert max(map(len, gaps)) <= 13


def test_a_drawn_clip_shows_its_things_where_they_are(tmp_path: Path) -> None:
    clip = as_bottles(TableClip("lift", (CUP,), (Lift(0, 1.0, 3.0, ((320.0, -80.0),), None, (-20.0, 180.0)),), 3, 0.0))
    for name in ("a", "b"):
        draw_video(clip, tmp_path / f"{name}.mp4", 1)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    with av.open(str(tmp_path / "a.mp4")) as video:
        pictures = [frame.to_ndarray(format="gray").astype(int) for frame in video.decode(video=0)]
    assert len(pictures) == 36
    left, top, right, bottom = map(round, cup_at(clip, 0.1).bbox_xyxy)
    changed = abs(pictures[30] - pictures[2]) > 8
    assert changed[top:bottom, left:right].mean() > 0.5
    assert changed[200:340, 450:].mean() < 0.01
