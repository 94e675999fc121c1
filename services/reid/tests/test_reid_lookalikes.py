"""A likeness says less of people who are known to look like somebody else."""

import numpy as np
import pytest
from spoton_reid.association import Observation
from spoton_reid.association.evidence import appearance_evidence, cannot_link
from spoton_reid.association.lookalikes import likeness_of_strangers, simultaneous_pairs
from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.tracklets import Tracklet

FPS = 10.0
PARAMETERS = EvidenceParameters(appearance_slope=10.0, appearance_midpoint=0.4, lookalike_least=4.0)
CROPS = np.full(3, 8.0)


def seen(camera: int, start: int, frames: int) -> Tracklet:
    tracklet = Tracklet(camera, start, 0)
    for frame in range(start, start + frames):
        observation = Observation(f"c{camera}", start, (0, 0, 10, 30), 0.9, 1.0, None, None)
        tracklet.add(frame, observation, (float("nan"), float("nan")))
    return tracklet


def test_only_those_of_one_camera_who_are_there_together_for_a_while_are_strangers() -> None:
    tracklets = [seen(0, 0, 20), seen(0, 10, 20), seen(0, 28, 20), seen(1, 0, 40)]
    pairs = simultaneous_pairs(tracklets, cannot_link(tracklets), FPS)
    assert pairs.T.tolist() == [[0, 1]], "1 and 2 share two frames: one of them may linger by mistake"


def test_the_stranger_who_looks_most_alike_counts() -> None:
    cosines = np.array([[1.0, 0.9, 0.3], [0.9, 1.0, 0.85], [0.3, 0.85, 1.0]])
    strangers = np.array([[0, 0, 1], [1, 2, 2]])
    assert likeness_of_strangers(cosines, CROPS, strangers, PARAMETERS) == pytest.approx([0.5, 0.5, 0.45])


def test_strangers_who_are_told_apart_or_hardly_seen_count_nothing() -> None:
    strangers = np.array([[0], [1]])
    unlike, alike = np.full((3, 3), 0.79), np.full((3, 3), 0.9)
    assert not likeness_of_strangers(unlike, CROPS, strangers, PARAMETERS).any()
    assert not likeness_of_strangers(alike, np.array([8.0, 3.0, 8.0]), strangers, PARAMETERS).any()
    assert not likeness_of_strangers(alike, CROPS, np.zeros((2, 0), np.int64), PARAMETERS).any()


def test_a_likeness_counts_for_less_and_a_difference_as_before() -> None:
    cosines = np.array([[1.0, 0.8, 0.6], [0.8, 1.0, 0.2], [0.6, 0.2, 1.0]])
    before = appearance_evidence(cosines, CROPS, np.zeros(3), PARAMETERS)
    after = appearance_evidence(cosines, CROPS, np.array([0.1, 0.2, 0.6]), PARAMETERS)
    assert before[[0, 0, 1], [1, 2, 2]] == pytest.approx([4.0, 2.0, -2.0])
    assert after[0, 1] == pytest.approx(4.0 - 10 * (0.1 + 0.2) / 2)
    assert after[0, 2] == pytest.approx(2.0 * PARAMETERS.lookalike_share), "some of it always counts"
    assert after[1, 2] == pytest.approx(-2.0)
    assert np.array_equal(after, after.T)
