from collections.abc import Iterator

import numpy as np
import pytest
from spoton_mapper.errors import FrameOrderError, SnapshotError
from spoton_mapper.ground_plane import FootNoise
from spoton_mapper.kalman import MotionState
from spoton_mapper.mapper import Mapper, MapperParameters
from spoton_mapper.trajectory import Smoothing
from spoton_mapper.values import CameraFrame, FloorScene, MapFrame, MappedFrame, TrackedBox

TICK_US = 40_000
CENTIMETRES = (0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0)
SCENE = FloorScene({"a": CENTIMETRES, "b": CENTIMETRES, "c": CENTIMETRES}, ((0, 0), (10, 0), (10, 10), (0, 10)))
PARAMETERS = MapperParameters(noise=FootNoise(pixels=10.0, height_share=0.0, plane_m=0.0, toes_m=0.0))


def camera(camera_id: str, x_m: float, y_m: float, global_id: int | None = 1) -> CameraFrame:
    """A picture, 20 m x 20 m of floor, of one person."""
    foot, row = x_m * 100, y_m * 100
    return CameraFrame(camera_id, 2000, 2000, (TrackedBox(7, global_id, (foot - 20, row - 80, foot + 20, row)),))


def tick(index: int, *cameras: CameraFrame) -> MapFrame:
    return MapFrame(index * TICK_US, cameras)


def mapper() -> Mapper:
    return Mapper(SCENE, PARAMETERS)


def walk(count: int, seed: int = 3) -> Iterator[tuple[MapFrame, np.ndarray]]:
    """1.4 m/s along x at 25 frames a second, seen by two cameras with 10 px = 0.1 m of noise."""
    random = np.random.default_rng(seed)
    for index in range(count):
        truth = np.array([1.0 + 1.4 * index * 0.04, 2.0])
        seen = [camera(name, *(truth + random.normal(0, 0.1, 2))) for name in ("a", "b")]
        yield tick(index, *seen), truth


def test_two_cameras_straight_above_meet_in_the_middle() -> None:
    answer = mapper().feed(tick(0, camera("a", 2.0, 3.0), camera("b", 2.2, 3.0)))
    (person,) = answer.people
    assert person.position_m == pytest.approx((2.1, 3.0))
    assert person.velocity_m_s == (0.0, 0.0)
    assert person.std_m == pytest.approx(0.1 / 2**0.5)
    assert person.camera_ids == ("a", "b")
    assert person.is_monitored
    raw = {mapped.camera_id: mapped.boxes[0].position_m for mapped in answer.cameras}
    assert raw["a"] == pytest.approx((2.0, 3.0))
    assert raw["b"] == pytest.approx((2.2, 3.0))


def test_a_camera_that_contradicts_the_others_is_ignored() -> None:
    (person,) = mapper().feed(tick(0, camera("a", 2, 3), camera("b", 2.1, 3), camera("c", 9, 9))).people
    assert person.camera_ids == ("a", "b")
    assert person.position_m == pytest.approx((2.05, 3.0))


def test_a_jump_is_ignored_at_first_and_followed_when_it_lasts() -> None:
    machine = mapper()
    for index in range(25):
        machine.feed(tick(index, camera("a", 2, 3)))
    (person,) = machine.feed(tick(25, camera("a", 9, 9))).people
    assert person.camera_ids == ()
    assert person.position_m == pytest.approx((2, 3), abs=0.05)
    for index in range(26, 40):
        (person,) = machine.feed(tick(index, camera("a", 9, 9))).people
    assert person.position_m == pytest.approx((9, 9))


def test_smoothing_beats_the_raw_positions_of_a_walker() -> None:
    machine, raw_errors, errors = mapper(), [], []
    for index, (frame, truth) in enumerate(walk(150)):
        answer = machine.feed(frame)
        if index >= 25:
            raw = np.mean([mapped.boxes[0].position_m for mapped in answer.cameras], axis=0)
            raw_errors.append(np.linalg.norm(raw - truth))
            errors.append(np.linalg.norm(answer.people[0].position_m - truth))
    assert np.mean(errors) < 0.6 * np.mean(raw_errors)
    assert answer.people[0].velocity_m_s == pytest.approx((1.4, 0.0), abs=0.25)
    assert answer.people[0].std_m < 0.05


def test_the_stated_deviation_is_honest() -> None:
    normalised = []
    for seed in range(20):
        machine = mapper()
        frames, truths = zip(*walk(60, seed), strict=True)
        answer = [machine.feed(frame) for frame in frames][-1]
        truth = truths[-1]
        error = np.linalg.norm(answer.people[0].position_m - truth)
        normalised.append((error / answer.people[0].std_m) ** 2 / 2)
    assert 0.3 < np.mean(normalised) < 2.0


def test_a_short_gap_is_carried_on_and_a_long_one_ends_the_path() -> None:
    machine = mapper()
    for frame, _ in walk(50):
        before = machine.feed(frame).people[0]
    halfway = machine.feed(tick(62)).people[0]
    assert halfway.camera_ids == ()
    # 13 ticks of 0.04 s at the speed estimated before.
    assert halfway.position_m[0] == pytest.approx(before.position_m[0] + 0.52 * before.velocity_m_s[0])
    assert halfway.std_m > 2 * before.std_m
    assert machine.feed(tick(74)).people[0].camera_ids == ()
    assert machine.feed(tick(75)).people == ()


def test_after_a_long_gap_the_path_begins_anew() -> None:
    machine = mapper()
    for frame, _ in walk(50):
        machine.feed(frame)
    (person,) = machine.feed(tick(200, camera("a", 8, 8))).people
    assert person.position_m == pytest.approx((8, 8))
    assert person.velocity_m_s == (0.0, 0.0)


def test_irregular_ticks_use_their_own_time() -> None:
    state = MotionState(np.array([0.0, 0.0, 1.0, 2.0]), np.eye(4))
    np.testing.assert_allclose(state.predict(0.5, 0.0).mean, [0.5, 1.0, 1.0, 2.0])
    two_steps = state.predict(0.2, 0.5).predict(0.3, 0.5)
    np.testing.assert_allclose(two_steps.covariance, state.predict(0.5, 0.5).covariance)


def test_kalman_update_with_equal_variances_goes_halfway() -> None:
    state = MotionState.start(np.zeros(2), 0.04 * np.eye(2), 1.0)
    updated = state.update(np.array([1.0, 0.0]), 0.04 * np.eye(2))
    np.testing.assert_allclose(updated.mean, [0.5, 0, 0, 0])
    np.testing.assert_allclose(np.diag(updated.covariance), [0.02, 0.02, 1, 1])


def test_boxes_without_identity_are_placed_but_nobody_is_estimated() -> None:
    answer = mapper().feed(tick(0, camera("a", 12, 3, global_id=None)))
    assert answer.people == ()
    assert answer.cameras[0].boxes[0].position_m == pytest.approx((12, 3))
    assert answer.cameras[0].boxes[0].is_monitored is False


def test_cameras_without_homography_keep_their_boxes() -> None:
    answer = mapper().feed(tick(0, camera("z", 1, 1)))
    assert answer.people == ()
    assert answer.cameras[0].boxes[0].track_id == 7
    assert answer.cameras[0].boxes[0].position_m is None
    assert answer.cameras[0].boxes[0].is_monitored is None


def test_the_order_of_cameras_does_not_change_people() -> None:
    one, other = mapper(), mapper()
    # The first tick is a tie between cameras that contradict each other.
    ticks = [tick(0, camera("a", 2, 3), camera("b", 9, 9))]
    ticks += [tick(i, camera("a", 2.1, 3), camera("b", 2.03, 3), camera("c", 2.007, 3.3)) for i in range(1, 30)]
    for frame in ticks:
        turned = MapFrame(frame.event_time_us, frame.cameras[::-1])
        assert one.feed(frame).people == other.feed(turned).people


@pytest.mark.parametrize("stop_at", [0, 1, 30, 55])
def test_a_restored_mapper_answers_like_one_that_never_stopped(stop_at: int) -> None:
    frames = [frame for frame, _ in walk(40)] + [tick(index) for index in range(40, 80)]
    steady = mapper()
    expected = [steady.feed(frame) for frame in frames]
    machine, answers = mapper(), list[MappedFrame]()
    for index, frame in enumerate(frames):
        if index == stop_at:
            machine = Mapper.restore(machine.snapshot())
        answers.append(machine.feed(frame))
    assert answers == expected
    assert machine.snapshot() == steady.snapshot()


def test_parameters_travel_with_the_snapshot() -> None:
    machine = Mapper(SCENE, MapperParameters(smoothing=Smoothing(coast_s=0.1)))
    machine.feed(tick(0, camera("a", 1, 1)))
    restored = Mapper.restore(machine.snapshot())
    assert restored.feed(tick(2)).people != ()
    assert restored.feed(tick(3)).people == ()


@pytest.mark.parametrize("snapshot", [b"", b"{}", b'{"version":99}', b"\xff", b"[]"])
def test_other_bytes_are_no_snapshot(snapshot: bytes) -> None:
    with pytest.raises(SnapshotError):
        Mapper.restore(snapshot)


@pytest.mark.parametrize("index", [4, 5])
def test_a_frame_that_is_not_later_is_refused(index: int) -> None:
    machine = mapper()
    machine.feed(tick(5))
    with pytest.raises(FrameOrderError):
        machine.feed(tick(index))
