"""Blind gaps: who left, who came, and how long people take between two doors."""

import numpy as np
import pytest
from spoton_reid.association.calibration.transit import Passages, TransitStatistics, find_passages
from spoton_reid.association.tracklets import Tracklet

FPS = 10.0
LIMIT = 2.0
DOORS = ((1.0, 1.0), (9.0, 1.0))  # where camera 0 loses people, where camera 1 finds them


def tracklet(camera: int, first: int, last: int, name: int, place: tuple[float, float]) -> Tracklet:
    found = Tracklet(camera, name, 0, name=name, certainty=0.95)
    found.frames = list(range(first, last + 1))
    found.floors = [place] * len(found.frames)
    return found


def walks(away: int, start: int = 0, people: int = 12) -> list[Tracklet]:
    """Everybody leaves camera 0 and comes into camera 1 so many ticks later; one person every four seconds."""
    tracklets = []
    for name in range(1, people + 1):
        left = start + 40 * name
        tracklets += [tracklet(0, left - 20, left, name, DOORS[0])]
        tracklets += [tracklet(1, left + away, left + away + 20, name, DOORS[1])]
    return tracklets


def passages(tracklets: list[Tracklet], geometry: np.ndarray | None = None) -> Passages:
    none = np.zeros((len(tracklets), len(tracklets)))
    return find_passages(tracklets, none if geometry is None else geometry, np.zeros(2, np.int64), FPS)


def test_who_goes_on_has_not_left() -> None:
    tracklets = [tracklet(0, 0, 50, 1, DOORS[0]), tracklet(0, 52, 90, 1, DOORS[0]), tracklet(1, 10, 12, 2, DOORS[1])]
    geometry = np.zeros((3, 3))
    geometry[0, 1] = geometry[1, 0] = 2.0
    found = passages(tracklets, geometry)
    assert found.leavers.tolist() == [1]
    assert found.comers.tolist() == [0], "a blink of an eye is neither"
    assert found.away_s[0, 0] == pytest.approx(-9.0)


def test_the_usual_time_speaks_for_the_one_who_left_then() -> None:
    statistics, past = TransitStatistics(2), walks(away=50)
    for _ in range(3):
        statistics.learn(past, passages(past), (0, 1000))
    left = [tracklet(0, 0, 0 + 20, 1, DOORS[0]), tracklet(0, 0, 55, 2, DOORS[0])]
    came = tracklet(1, 70, 100, 3, DOORS[1])
    weighed = statistics.evidence([*left, came], passages([*left, came]), LIMIT)
    assert weighed[0, 2] > 1.0, "five seconds, as everybody"
    assert weighed[1, 2] < weighed[0, 2], "a second and a half is no blind gap"
    assert weighed.tolist() == weighed.T.tolist()
    late = tracklet(1, 20 + 130, 200, 3, DOORS[1])
    assert statistics.evidence([left[0], late], passages([left[0], late]), LIMIT)[0, 1] < 0, "thirteen, as nobody"
    assert np.abs(weighed).max() <= LIMIT
    elsewhere = tracklet(1, 70, 100, 3, (30.0, 30.0))
    assert not statistics.evidence([left[0], elsewhere], passages([left[0], elsewhere]), LIMIT).any()


def test_nothing_is_known_at_first_and_doubtful_names_teach_nothing() -> None:
    statistics, past = TransitStatistics(2), walks(away=50)
    assert not statistics.evidence(past, passages(past), LIMIT).any()
    for one in past:
        one.certainty = 0.7
    statistics.learn(past, passages(past), (0, 1000))
    assert not statistics.evidence(past, passages(past), LIMIT).any()
