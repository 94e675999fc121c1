"""What a scene tells of its cameras without labels: what cosines mean, clocks, planes, alarms."""

import numpy as np
import pytest
from spoton_reid.association import CameraHealth
from spoton_reid.association.calibration.appearance import AppearanceStatistics
from spoton_reid.association.calibration.clocks import clear_lag, count_meetings
from spoton_reid.association.calibration.differences import settle
from spoton_reid.association.calibration.feet import REACH, FeetHistory
from spoton_reid.association.calibration.health import plane_offsets
from spoton_reid.stages.camera_health import CameraWatch
from spoton_schemas.records import Event

MIDPOINT, SLOPE = 0.45, 10.0


def samples(same: float, strangers: float, spread: float) -> tuple[np.ndarray, ...]:
    """Two cameras that show the same sixty people; cosines as given."""
    random = np.random.default_rng(1)
    cameras = np.repeat([0, 1], 60)
    one = np.equal.outer(np.tile(np.arange(60), 2), np.tile(np.arange(60), 2)) & (cameras[:, None] != cameras)
    cosines = np.where(one, same, strangers) + random.normal(0, spread, (120, 120))
    return cameras, (cosines + cosines.T) / 2, (~one).astype(float), one.astype(float)


def test_cosines_mean_what_the_model_says_until_samples_say_otherwise() -> None:
    statistics = AppearanceStatistics(2)
    curves = statistics.curves(MIDPOINT, SLOPE)
    assert curves.midpoints.tolist() == [[MIDPOINT] * 2] * 2
    assert curves.slopes.tolist() == [[SLOPE] * 2] * 2
    for _ in range(50):
        statistics.observe(*samples(0.8, 0.3, 0.14))
    curves = statistics.curves(MIDPOINT, SLOPE)
    assert curves.midpoints[0, 1] == pytest.approx(0.55, abs=0.02)
    assert curves.slopes[0, 1] == pytest.approx(0.27 * 0.5 / (0.14**2 / 2), rel=0.1)
    assert curves.midpoints == pytest.approx(curves.midpoints.T)


def test_a_pair_of_cameras_without_samples_is_read_as_the_others() -> None:
    statistics = AppearanceStatistics(3)
    for _ in range(50):
        statistics.observe(*samples(0.8, 0.3, 0.14))
    curves = statistics.curves(MIDPOINT, SLOPE)
    assert curves.midpoints[1, 2] == pytest.approx(0.55, abs=0.02)


def test_what_is_learned_of_cosines_is_bounded() -> None:
    statistics = AppearanceStatistics(2)
    for _ in range(200):
        statistics.observe(*samples(0.99, 0.95, 0.001))
    curves = statistics.curves(MIDPOINT, SLOPE)
    assert curves.midpoints[0, 1] <= MIDPOINT + 0.15
    assert curves.slopes[0, 1] <= 1.5 * SLOPE


def test_feet_that_meet() -> None:
    feet = np.array([[1.0, 1.0], [5.0, 5.0], [np.nan, np.nan]])
    others = np.array([[[1.0, 1.0], [5.0, 5.5]], [[1.0, 1.25], [np.nan, np.nan]], [[9.0, 9.0], [7.0, 5.0]]])
    assert count_meetings(feet, others).tolist() == pytest.approx([1.5, 0.75, 0.0])


@pytest.mark.parametrize(
    ("meetings", "lag"),
    [
        ({REACH + 15: 40.0, REACH + 14: 30.0, REACH + 16: 30.0}, 15.0),
        ({REACH + 15: 40.0, REACH - 9: 38.0}, None),  # one of two may be chance
        ({REACH + 15: 3.0}, None),  # hardly anybody
        ({2 * REACH: 40.0}, None),  # at the edge: the best may lie beyond
        ({REACH + 15: 40.0, REACH + 16: 40.0}, 15.5),
    ],
)
def test_a_lag_is_told_only_where_it_is_clear(meetings: dict[int, float], lag: float | None) -> None:
    found = np.zeros(2 * REACH + 1)
    for place, value in meetings.items():
        found[place] = value
    assert clear_lag(found) == lag


def test_who_stands_still_tells_nothing_of_clocks() -> None:
    history = FeetHistory(1)
    for sample in range(2 * REACH + 6):
        history.add([{1: (3.0, 3.0), 2: (0.2 * sample, 1.0)}], 0)
    assert history.full
    assert history.moving(0).shape == (2 * REACH + 1, 1, 2)
    assert history.at(0, 2).tolist() == [[3.0, 3.0], [pytest.approx(0.2 * (2 * REACH + 3)), 1.0]]


def test_the_camera_that_differs_from_most_is_the_one_that_is_off() -> None:
    assert settle({(0, 1): 0.1, (0, 2): 3.0, (1, 2): 2.9, (0, 3): 0.0}, 5).tolist() == pytest.approx(
        [0.0, 0.1, 3.0, 0.0, np.nan], nan_ok=True, abs=0.06
    )
    assert settle({(0, 1): -3.0}, 2).tolist() == pytest.approx([0.0, -3.0])
    shifts = np.zeros((3, 3, 2))
    shifts[0, 2] = shifts[1, 2] = (0.0, 1.5)
    assert plane_offsets(shifts, {(0, 1), (0, 2), (1, 2)})[2].tolist() == pytest.approx([0.0, 1.5])


def events(watch: CameraWatch, tick: int, late_s: float | None) -> list[Event]:
    found = watch.look(tick, [CameraHealth("c0", 0.0, 0.0, None), CameraHealth("c1", late_s, 0.0, None)])
    return [output.record for output in found if isinstance(output.record, Event) and output.record.camera_id == "c1"]


def test_a_drift_is_told_once_when_it_begins_and_once_when_it_is_over() -> None:
    watch = CameraWatch("t", "e", 10.0)
    assert events(watch, 50, None) == []
    [health, begun] = events(watch, 100, 3.02)
    assert (health.type, health.details) == ("camera_health", {"applied_late_s": "0.00", "late_s": "3.02"})
    assert (begun.type, begun.global_frame_index, begun.end_frame_index) == ("camera_drift", 100, None)
    assert begun.details["kind"] == "clock_s"
    assert begun.event_time_us == 10_000_000
    assert events(watch, 150, 3.0) == [], "nothing new"
    assert [e.type for e in events(watch, 200, 0.4)] == ["camera_health"], "an alarm does not waver"
    [health_again, over] = events(watch, 250, 0.1)
    assert health_again.event_id == health.event_id
    assert (over.event_id, over.global_frame_index, over.end_frame_index) == (begun.event_id, 100, 250)
    [_, second] = events(watch, 300, -2.0)
    assert second.event_id != begun.event_id
