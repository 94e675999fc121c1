import numpy as np
import pytest
from spoton_common.geometry import GeometryError
from spoton_mapper.ground_plane import FootNoise, GroundPlane
from spoton_mapper.values import BBox, CameraFrame, FloorScene, TrackedBox

# One pixel is a centimetre, pixel (0, 0) is floor (0, 0).
OVERHEAD = (0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0)
# 3 m above the floor, looking along it: row v shows the floor at 1800/(v - 240) m.
LEVEL = (3.0, 0.0, -960.0, 0.0, 0.0, 1800.0, 0.0, 1.0, -240.0)
PIXELS_ONLY = FootNoise(pixels=10.0, height_share=0.0, unseen_height_share=0.0, plane_m=0.0, toes_m=0.0)


def frame(*boxes: BBox, camera_id: str = "c0", visibility: float = 1.0) -> CameraFrame:
    tracked = tuple(TrackedBox(index, index, box, visibility) for index, box in enumerate(boxes))
    return CameraFrame(camera_id, 640, 480, tracked)


def covariance(noise: FootNoise, box: BBox, visibility: float = 1.0) -> np.ndarray:
    found = GroundPlane(FloorScene({"c0": OVERHEAD}), noise).locate(frame(box, visibility=visibility))[0]
    assert found is not None
    return found.covariance_m2


def test_the_middle_of_the_lower_edge_stands_on_the_floor() -> None:
    found = GroundPlane(FloorScene({"c0": OVERHEAD}), PIXELS_ONLY).locate(frame((100, 50, 200, 300)))[0]
    assert found is not None
    np.testing.assert_allclose(found.position_m, [1.5, 3.0])
    # 10 px at 0.01 m a pixel: 0.1 m.
    np.testing.assert_allclose(found.covariance_m2, 0.01 * np.eye(2))


def test_far_floor_is_less_certain_along_the_view() -> None:
    found = GroundPlane(FloorScene({"c0": LEVEL}), PIXELS_ONLY).locate(frame((310, 300, 330, 340)))[0]
    assert found is not None
    # 18 m away, 100 px below the horizon: 3/100 m a pixel across, 1800/100² = 0.18 along.
    np.testing.assert_allclose(found.position_m, [0, 18])
    np.testing.assert_allclose(found.covariance_m2, np.diag([0.3**2, 1.8**2]), atol=1e-12)


def test_a_body_stands_behind_its_toes_as_the_camera_sees_it() -> None:
    toes = FootNoise(pixels=10.0, toes_m=0.15)
    below = GroundPlane(FloorScene({"c0": LEVEL}), toes).locate(frame((310, 300, 330, 340)))[0]
    aside = GroundPlane(FloorScene({"c0": LEVEL}), toes).locate(frame((410, 300, 430, 340)))[0]
    assert below is not None
    assert aside is not None
    np.testing.assert_allclose(below.position_m, [0, 18.15])
    # 3 m to the right at 18 m: farther along the line of sight.
    np.testing.assert_allclose(aside.position_m, np.array([3, 18]) * (1 + 0.15 / np.hypot(3, 18)))


@pytest.mark.parametrize("foot_row", [100.0, 240.0, 260.0])
def test_over_the_horizon_and_too_far_have_no_position(foot_row: float) -> None:
    plane = GroundPlane(FloorScene({"c0": LEVEL}), PIXELS_ONLY)
    assert plane.locate(frame((310, 10, 330, foot_row), (310, 300, 330, 440)))[0] is None


def test_noise_grows_with_height_and_adds_the_planes_own() -> None:
    noise = FootNoise(pixels=3.0, height_share=0.04, unseen_height_share=0.0, plane_m=0.1)
    # √(3² + 4²) = 5 px = 0.05 m.
    np.testing.assert_allclose(covariance(noise, (10, 100, 60, 200)), (0.05**2 + 0.1**2) * np.eye(2))


@pytest.mark.parametrize(
    "box", [(100, 300, 150, 480), (0, 100, 50, 280), (590, 100, 640, 280)], ids=["bottom", "left", "right"]
)
def test_a_foot_cut_by_the_border_is_doubted(box: BBox) -> None:
    noise = FootNoise(pixels=0.0, height_share=0.0, unseen_height_share=0.5, plane_m=0.0)
    # Half of 180 px = 0.9 m.
    np.testing.assert_allclose(covariance(noise, box), 0.81 * np.eye(2))
    np.testing.assert_allclose(covariance(noise, (100, 100, 150, 280)), 0, atol=1e-15)


def test_a_hidden_foot_is_doubted_in_part() -> None:
    noise = FootNoise(pixels=0.0, height_share=0.0, unseen_height_share=0.5, plane_m=0.0)
    np.testing.assert_allclose(covariance(noise, (100, 100, 150, 280), visibility=0.5), 0.45**2 * np.eye(2))


def test_doubt_never_takes_a_position_away() -> None:
    noise = FootNoise(unseen_height_share=0.5)
    # A hidden foot of a box 600 px high: 300 px = 3 m of deviation, more than max_std_m.
    assert covariance(noise, (100, -200, 150, 400), visibility=0.0)[0, 0] > noise.max_std_m**2


def test_cameras_without_homography_and_empty_pictures_give_nothing() -> None:
    plane = GroundPlane(FloorScene({"c0": OVERHEAD}), FootNoise())
    assert plane.locate(frame((1, 1, 2, 2), camera_id="c9")) == [None]
    assert plane.locate(frame()) == []


def test_the_monitored_area_includes_its_boundary_and_may_be_absent() -> None:
    fenced = GroundPlane(FloorScene({}, ((0, 0), (2, 0), (2, 2), (0, 2))), FootNoise())
    assert [fenced.is_monitored(np.array(point)) for point in ((1, 1), (2, 1), (2.01, 1))] == [
        True,
        True,
        False,
    ]
    assert GroundPlane(FloorScene({}), FootNoise()).is_monitored(np.array([1e6, 0]))


@pytest.mark.parametrize(
    "scene", [FloorScene({"c0": (0.0,) * 9}), FloorScene({}, ((0, 0), (1, 1)))], ids=["homography", "area"]
)
def test_an_unusable_scene_is_refused(scene: FloorScene) -> None:
    with pytest.raises(GeometryError):
        GroundPlane(scene, FootNoise())
