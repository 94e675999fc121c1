import numpy as np
import pytest
from spoton_scenes.cameras import Camera, image_points_to_floor
from spoton_scenes.errors import SceneArgumentError


@pytest.fixture
def camera():
    """3 m above the origin, looking down along +x at 45°: it hits the floor at x = 3."""
    return Camera("c0", (0, 0, 3), (3, 0, 0), focal_px=100, width_px=100, height_px=80)


def test_the_optical_axis_hits_the_image_centre(camera):
    pixels, depth = camera.project(np.array([[3.0, 0, 0]]))
    assert pixels[0] == pytest.approx([50, 40])
    assert depth[0] == pytest.approx(3 * np.sqrt(2))


def test_a_metre_across_is_focal_length_over_depth(camera):
    # looking along +x with y down on the map, the camera's right is +y
    pixels, _ = camera.project(np.array([[3.0, 1, 0]]))
    assert pixels[0] == pytest.approx([50 + 100 / (3 * np.sqrt(2)), 40])


def test_a_point_above_the_axis_is_higher_in_the_image(camera):
    # 1 m above (3, 0, 0): 1/sqrt(2) m up in the camera's frame and as much nearer
    pixels, depth = camera.project(np.array([[3.0, 0, 1]]))
    assert depth[0] == pytest.approx(2.5 * np.sqrt(2))
    assert pixels[0] == pytest.approx([50, 40 - 100 * (1 / np.sqrt(2)) / (2.5 * np.sqrt(2))])


def test_the_homography_takes_floor_points_there_and_back(camera):
    floor = np.array([[2.0, -0.5], [3.0, 0.0], [5.0, 1.5]])
    pixels, _ = camera.project(np.column_stack([floor, np.zeros(3)]))
    assert image_points_to_floor(camera, pixels) == pytest.approx(floor)
    assert camera.image_to_floor[2, 2] == pytest.approx(1.0)


def test_resizing_keeps_the_view(camera):
    pixels, _ = camera.project(np.array([[4.0, 1, 0.5]]))
    larger, _ = camera.resized(200, 160).project(np.array([[4.0, 1, 0.5]]))
    assert larger == pytest.approx(2 * pixels)


def test_what_lies_behind_is_not_seen(camera):
    assert camera.sees_floor_point(3, 0)
    assert not camera.sees_floor_point(-3, 0)


def test_a_camera_looking_straight_down_is_refused():
    with pytest.raises(SceneArgumentError, match="straight"):
        Camera("c0", (0, 0, 3), (0, 0, 0), 100, 100, 80)


def test_a_camera_without_pixels_is_refused():
    with pytest.raises(SceneArgumentError, match="positive"):
        Camera("c0", (0, 0, 3), (3, 0, 0), 100, 0, 80)
