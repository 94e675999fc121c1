import numpy as np
import pytest
from spoton_mapper.fusion import consensus, fuse
from spoton_mapper.ground_plane import FloorObservation


def at(x_m: float, y_m: float, std_m: float = 0.1, camera_id: str = "c0") -> FloorObservation:
    return FloorObservation(camera_id, np.array([x_m, y_m]), std_m**2 * np.eye(2))


def test_equal_cameras_meet_in_the_middle() -> None:
    position, covariance = fuse([at(0, 0), at(1, 2)])
    np.testing.assert_allclose(position, [0.5, 1.0])
    np.testing.assert_allclose(covariance, 0.005 * np.eye(2))


def test_weights_are_inverse_variances() -> None:
    # 1/0.1² : 1/0.2² = 4 : 1.
    position, covariance = fuse([at(0, 0, 0.1), at(1, 0, 0.2)])
    np.testing.assert_allclose(position, [0.2, 0])
    np.testing.assert_allclose(covariance, 0.008 * np.eye(2))


def test_each_camera_gives_the_direction_it_knows_best() -> None:
    along_y = FloorObservation("c0", np.array([0.0, 9.0]), np.diag([0.01, 100.0]))
    along_x = FloorObservation("c1", np.array([9.0, 0.0]), np.diag([100.0, 0.01]))
    position, _ = fuse([along_y, along_x])
    np.testing.assert_allclose(position, [0.0, 0.0], atol=2e-3)


def test_one_outlier_of_three_is_left_out() -> None:
    good, also_good, wrong = at(0, 0, camera_id="a"), at(0.1, 0, camera_id="b"), at(5, 0, 0.01, camera_id="c")
    assert consensus([wrong, good, also_good]) == [good, also_good]


def test_a_far_outlier_pulls_no_more_than_a_near_one() -> None:
    # By plain squared distances, the one at 5 m would be nearest to all: 5² + 4.9² + 55² < 5² + 60².
    good, also_good = at(0, 0, camera_id="a"), at(0.1, 0, camera_id="b")
    assert consensus([good, also_good, at(5, 0), at(60, 0)]) == [good, also_good]


def test_of_two_that_contradict_the_more_certain_stays() -> None:
    vague, sure = at(0, 0, 0.3), at(5, 0, 0.1)
    assert consensus([vague, sure]) == [sure]


@pytest.mark.parametrize("apart_m", [0.0, 0.5])
def test_observations_that_agree_all_stay(apart_m: float) -> None:
    # 0.5² / (0.1² + 0.1²) = 12.5 is inside the gate, 13.82.
    assert len(consensus([at(0, 0), at(apart_m, 0)])) == 2


def test_a_single_observation_stays() -> None:
    assert len(consensus([at(3, 4)])) == 1
