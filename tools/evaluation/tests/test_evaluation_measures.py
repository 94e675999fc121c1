"""Delay, revisions, reliability and the floor, on sums that a person can check."""

import numpy as np
import pytest
from spoton_evaluation.exports import changed_stretches
from spoton_evaluation.ground import score_places
from spoton_evaluation.motchallenge import BoxTable
from spoton_evaluation.reliability import reliability
from spoton_evaluation.scores import score
from spoton_evaluation.timeliness import Sight, first_correct_delays, summarise_timeliness


def test_delay_counts_to_the_first_publication_of_the_right_identity() -> None:
    sights = [Sight(1, 5, 0.0, 1.0), Sight(1, 8, 0.5, 1.5), Sight(1, 8, 0.6, 1.6), Sight(2, 8, 4.0, 5.0)]
    delays, never = first_correct_delays(sights, {1: 8, 2: 9}, {1: 0.0, 2: 4.0})
    assert delays == [1.5]
    assert never == 1
    found = summarise_timeliness(delays, never, revisions=6, minutes=2.0)
    assert (found.first_correct_median_s, found.revisions_per_minute) == (1.5, 3.0)


def test_a_promise_of_nine_tenths_kept_half_the_time_is_off_by_four_tenths() -> None:
    found = reliability([0.9] * 10 + [0.1] * 10, [True, False] * 5 + [False] * 10)
    assert [b.share_correct for b in found.bins] == [0.0, 0.5]
    assert found.expected_calibration_error == pytest.approx((10 * 0.4 + 10 * 0.1) / 20)


@pytest.mark.parametrize(("probabilities", "correct"), [([], []), ([0.5], [True, False]), ([1.2], [True])])
def test_nonsense_has_no_reliability(probabilities: list[float], correct: list[bool]) -> None:
    with pytest.raises(ValueError, match="probabilit"):
        reliability(probabilities, correct)


def test_on_the_floor_a_metre_is_near_enough_and_more_is_not() -> None:
    true = {1: {1: (0.0, 0.0)}, 2: {1: (0.0, 0.0)}}
    found = {1: {4: (0.99, 0.0)}, 2: {4: (0.0, 1.01)}}
    scores = score(score_places(true, found, np.array([1, 2])))
    assert (scores.misses, scores.false_positives) == (1, 1)


def test_stretches_that_changed_are_counted_between_two_exports() -> None:
    frames = np.arange(1, 7)
    boxes = np.tile([10.0, 10, 40, 100], (6, 1)) + frames[:, None]

    def table(*identities: int) -> BoxTable:
        return BoxTable(frames, np.array(identities), boxes, np.ones(6), np.full((6, 2), np.nan))

    assert changed_stretches(table(1, 1, 1, 1, 1, 1), table(1, 1, 1, 1, 1, 1)) == 0
    assert changed_stretches(table(1, 1, 2, 2, 1, 1), table(3, 3, 2, 2, 3, 3)) == 2
