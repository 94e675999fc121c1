import numpy as np
import pytest
from spoton_common.geometry import (
    CalibrationError,
    Homography,
    HomographyError,
    fit_homography,
    orient_homography,
)

# One pixel is a centimetre; pixel (320, 240) lies at floor (0, 0).
OVERHEAD = [[0.01, 0.0, -3.2], [0.0, 0.01, -2.4], [0.0, 0.0, 1.0]]

# A camera 3 m above the floor that looks along the floor, focal length 600 px, principal point (320, 240):
# pixel row v shows the floor at distance 3·600/(v-240) m, so the horizon is row 240.
LEVEL = [[3.0, 0.0, -960.0], [0.0, 0.0, 1800.0], [0.0, 1.0, -240.0]]

SQUARE_PX = [[0, 0], [100, 0], [100, 100], [0, 100]]
SQUARE_M = [[0, 0], [2, 0], [2, 2], [0, 2]]


def test_overhead_camera_maps_pixels_to_centimetres() -> None:
    camera = Homography(np.array(OVERHEAD))
    np.testing.assert_allclose(camera.image_to_floor([[320, 240], [420, 240]]), [[0, 0], [1, 0]], atol=1e-12)
    np.testing.assert_allclose(camera.floor_to_image([[1, 0.5]]), [[420, 290]])
    np.testing.assert_allclose(camera.metres_per_pixel([[10, 10], [600, 400]]), 0.01)


def test_level_camera_distance_and_scale() -> None:
    camera = Homography(np.array(LEVEL))
    np.testing.assert_allclose(camera.image_to_floor([[320, 540], [420, 540]]), [[0, 6], [1, 6]])
    # d(1800/r)/dr at r = 300 px below the horizon is 1800/300² = 0.02 m a pixel.
    np.testing.assert_allclose(camera.jacobian([[320, 540]]), [[[0.01, 0], [0, -0.02]]], atol=1e-12)
    np.testing.assert_allclose(camera.metres_per_pixel([[320, 540]]), 0.02)


@pytest.mark.parametrize("row", [0, 239, 240, 240.9])
def test_pixels_on_and_over_the_horizon_have_no_floor_position(row: float) -> None:
    camera = Homography(np.array(LEVEL))
    assert np.isnan(camera.image_to_floor([[320, row]])).all()
    assert np.isnan(camera.metres_per_pixel([[320, row]])).all()


def test_floor_behind_the_camera_has_no_pixel() -> None:
    camera = Homography(np.array(LEVEL))
    assert np.isnan(camera.floor_to_image([[0, -6]])).all()
    np.testing.assert_allclose(camera.floor_to_image([[0, 6]]), [[320, 540]])


def test_empty_arrays_stay_empty() -> None:
    camera = Homography(np.array(LEVEL))
    empty = np.empty((0, 2))
    assert camera.image_to_floor(empty).shape == (0, 2)
    assert camera.metres_per_pixel(empty).shape == (0,)


def test_jacobian_equals_finite_differences() -> None:
    camera = Homography(np.array([[3.0, 0.4, -960.0], [0.2, 0.5, 1800.0], [0.1, 1.0, -240.0]]))
    pixel, step = np.array([200.0, 500.0]), 1e-4
    numeric = [
        (camera.image_to_floor([pixel + offset]) - camera.image_to_floor([pixel - offset]))[0] / (2 * step)
        for offset in np.eye(2) * step
    ]
    np.testing.assert_allclose(camera.jacobian([pixel])[0], np.transpose(numeric), rtol=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_sign_of_a_given_matrix_does_not_matter(sign: int) -> None:
    camera = orient_homography(sign * np.array(LEVEL))
    np.testing.assert_allclose(camera.image_to_floor([[320, 540]]), [[0, 6]])
    assert np.isnan(camera.image_to_floor([[320, 100]])).all()


def test_floor_pixel_says_where_the_floor_is_when_the_camera_hangs_upside_down() -> None:
    turned = np.array(LEVEL) @ np.diag([1, -1, 1]) + np.array([[0] * 3, [0] * 3, [0, 0, 480]])
    camera = orient_homography(turned, floor_pixel=(320, 0))
    assert np.isfinite(camera.image_to_floor([[320, 0]])).all()
    assert np.isnan(camera.image_to_floor([[320, 479]])).all()


def test_mirrored_floor_is_told() -> None:
    assert not Homography(np.array(OVERHEAD)).is_mirrored
    assert Homography(np.diag([1, -1, 1]) @ OVERHEAD).is_mirrored


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(2), "3 rows"),
        (np.full((3, 3), np.nan), "not finite"),
        (np.zeros((3, 3)), "singular"),
        ([[1, 2, 3], [2, 4, 6], [0, 0, 1]], "singular"),
        ([[1, 0, 0], [0, 0, 5], [0, 0, 1]], "singular"),
    ],
)
def test_unusable_matrices_are_refused(matrix: object, message: str) -> None:
    with pytest.raises(HomographyError, match=message):
        orient_homography(np.asarray(matrix))


def test_geographic_offsets_are_not_taken_for_singular() -> None:
    shifted = np.array([[1, 0, 500_000.0], [0, 1, 5_000_000.0], [0, 0, 1]]) @ LEVEL
    np.testing.assert_allclose(Homography(shifted).image_to_floor([[320, 540]]), [[500_000, 5_000_006]])


def test_four_points_fit_exactly() -> None:
    fit = fit_homography(SQUARE_PX, SQUARE_M)
    assert fit.rms_px == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(fit.homography.image_to_floor([[50, 50]]), [[1, 1]], atol=1e-9)


@pytest.mark.parametrize("matrix", [OVERHEAD, LEVEL])
def test_fit_recovers_the_camera_from_clicks_with_pixel_noise(matrix: list[list[float]]) -> None:
    camera = Homography(np.array(matrix))
    image = np.array([[u, v] for u in (50, 250, 450, 600) for v in (300, 360, 470)], dtype=float)
    noisy = image + np.random.default_rng(1).normal(0, 0.5, image.shape)
    fit = fit_homography(noisy, camera.image_to_floor(image))
    assert 0.1 < fit.rms_px < 1.0
    ideal = camera.image_to_floor([[320, 400]])
    assert np.linalg.norm(fit.homography.image_to_floor([[320, 400]]) - ideal) < 0.15


def test_a_bad_click_is_reported_not_dropped() -> None:
    camera = Homography(np.array(OVERHEAD))
    image = np.array([[0, 0], [300, 0], [600, 0], [0, 400], [300, 400], [600, 400], [300, 200]], dtype=float)
    floor = camera.image_to_floor(image)
    image[6] += [60, 0]
    fit = fit_homography(image, floor)
    assert len(fit.errors_px) == 7
    assert int(np.argmax(fit.errors_px)) == 6
    assert fit.errors_px.max() > 20
    assert fit.errors_m[6] == pytest.approx(fit.errors_px[6] / 100, rel=0.3)


@pytest.mark.parametrize(
    ("image", "floor", "message"),
    [
        (SQUARE_PX[:3], SQUARE_M[:3], "at least 4 points are needed, 3 given"),
        (SQUARE_PX, SQUARE_M[:3], "4 image points but 3 floor points"),
        ([*SQUARE_PX[:3], [np.nan, 1]], SQUARE_M, "points 4 have image coordinates that are not finite"),
        ([*SQUARE_PX, SQUARE_PX[1]], [*SQUARE_M, [9, 9]], "points 2 and 5 have the same image position"),
        ([*SQUARE_PX, [7, 7]], [*SQUARE_M, SQUARE_M[0]], "points 1 and 5 have the same floor position"),
        ([[0, 0], [1, 1], [2, 2], [3, 3]], SQUARE_M, "the image points are collinear"),
        (SQUARE_PX, [[0, 0], [1, 0], [2, 0], [3, 0.001]], "the floor points are collinear"),
        ([[0, 0], [50, 0], [100, 0], [0, 100]], SQUARE_M, "all image points but number 4 are collinear"),
        (SQUARE_PX, [[0, 0], [2, 0], [1, 1], [0, 2]], "all floor points but number 1 are collinear"),
        (SQUARE_PX, [[0, 0], [2, 2], [2, 0], [0, 2]], "other side of the horizon"),
    ],
)
def test_degenerate_points_are_refused(image: object, floor: object, message: str) -> None:
    with pytest.raises(CalibrationError, match=message):
        fit_homography(np.asarray(image, dtype=float), np.asarray(floor, dtype=float))
