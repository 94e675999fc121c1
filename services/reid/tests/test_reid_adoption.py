"""Fragments: given to the person they clearly are, not to a stranger, and flicker is nobody."""

from dataclasses import replace

import numpy as np
import pytest
from spoton_reid.association import AssociationParameters, Observation
from spoton_reid.association.adoption import adopt_fragments
from spoton_reid.association.clusters import Situation
from spoton_reid.association.identities import IdentityBook
from spoton_reid.association.tracklets import Tracklet
from spoton_reid.association.window import Window

FPS = 10.0
PARAMETERS = AssociationParameters()


def seen(person: int, confidence: float = 0.9) -> Observation:
    look = np.zeros(8, np.float32)
    look[person] = 1.0
    return Observation("c0", 1, (0, 0, 40, 100), confidence, 1.0, look, None)


def tracklet(person: int, track: int, first: int, last: int, camera: int = 0) -> Tracklet:
    made = Tracklet(camera, track, 0)
    for frame in range(first, last):
        made.add(frame, seen(person), (float("nan"), float("nan")))
    return made


def adopt(tracklets: list[Tracklet], labels: list[int], now: int = 400) -> list[int]:
    span = np.array([(t.frames[0], t.frames[-1]) for t in tracklets])
    forbidden = (span[:, None, 0] <= span[None, :, 1]) & (span[None, :, 0] <= span[:, None, 1])
    np.fill_diagonal(forbidden, False)
    geometry = np.zeros(forbidden.shape)
    situation = Situation(tracklets, geometry, forbidden, now, FPS)
    return adopt_fragments(np.array(labels), situation, PARAMETERS.evidence, PARAMETERS.attachment).tolist()


def test_a_fragment_is_adopted_past_a_double_box() -> None:
    person, double, fragment = tracklet(1, 1, 0, 100), tracklet(1, 2, 120, 122), tracklet(1, 3, 120, 150)
    assert adopt([person, double, fragment], [0, 0, 1]) == [0, 1, 0], "the shorter of two is left out"
    assert adopt([person, double, fragment], [0, 0, 1], now=155) == [0, 0, 1], "it may still grow"
    stranger = tracklet(2, 3, 120, 150)
    assert adopt([person, double, stranger], [0, 0, 1]) == [0, 0, 1]


def test_two_boxes_for_long_are_two_people() -> None:
    person, other, fragment = tracklet(1, 1, 0, 100), tracklet(1, 2, 120, 140), tracklet(1, 3, 120, 150)
    assert adopt([person, other, fragment], [0, 0, 1]) == [0, 0, 1]


def test_a_fragment_that_two_people_could_be_stays_alone() -> None:
    tracklets = [tracklet(1, 1, 0, 100), tracklet(1, 2, 0, 100), tracklet(1, 3, 120, 150)]
    assert adopt(tracklets, [0, 1, 2]) == [0, 1, 2]


@pytest.mark.parametrize(("longest", "named"), [(4, False), (5, True)])
def test_boxes_that_flicker_are_nobody(longest: int, named: bool) -> None:
    group = [tracklet(1, track, 20 * track, 20 * track + longest) for track in range(5)]
    names, _ = IdentityBook().name([group], FPS, PARAMETERS)
    assert (names != [0]) == named
    least = replace(PARAMETERS, least_tracklet_s=0.0)
    assert IdentityBook().name([group], FPS, least)[0] != [0]


@pytest.mark.parametrize(("late", "named"), [(0, True), (10, False)])
def test_flicker_that_two_cameras_see_at_once_is_somebody(late: int, named: bool) -> None:
    group = [tracklet(1, track, 20 * track, 20 * track + 3) for track in range(4)]
    group += [tracklet(1, track, 20 * track + late, 20 * track + late + 3, camera=1) for track in range(4)]
    assert (IdentityBook().name([group], FPS, PARAMETERS)[0] != [0]) == named


def test_a_tail_is_cut_where_a_track_turns_out_to_go_on_as_somebody_else() -> None:
    window = Window(1)
    for frame in range(60):
        window.add(0, frame, replace(seen(1 if frame < 30 else 2), track_id=7), (float("nan"), float("nan")))
        if frame < 32:
            window.add(0, frame, replace(seen(2), track_id=8), (float("nan"), float("nan")))
    window.cut(6, 0.45, 3)
    spans = {(t.track_id, t.frames[0], t.frames[-1]) for t in window.tracklets()}
    assert spans == {(7, 0, 29), (7, 30, 59), (8, 0, 29), (8, 30, 31)}
