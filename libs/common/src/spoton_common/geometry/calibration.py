"""A camera's homography from hand-clicked point pairs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import CalibrationError, HomographyError
from .homography import Homography, Points

MIN_POINTS = 4

MIN_WIDTH_TO_LENGTH = 0.01
"""Points whose spread across their common line is below 1 % of that along it count as collinear: at that
shape a click that is off by a pixel turns the plane by tens of degrees."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """A fitted homography and how far each clicked point is from it.

    Attributes:
        image_px: (N, 2) clicked pixels.
        floor_m: (N, 2) their floor positions, metres.
        homography: the fit.
        errors_px: (N,) distance between the clicked pixel and the projected floor position.
        errors_m: (N,) distance on the floor between the given position and the mapped pixel.

    """

    image_px: Points
    floor_m: Points
    homography: Homography
    errors_px: NDArray[np.float64]
    errors_m: NDArray[np.float64]

    @property
    def rms_px(self) -> float:
        """Root mean square of `errors_px`."""
        return float(np.sqrt(np.mean(self.errors_px**2)))

    @property
    def rms_m(self) -> float:
        """Root mean square of `errors_m`."""
        return float(np.sqrt(np.mean(self.errors_m**2)))


def fit_homography(image_px: ArrayLike, floor_m: ArrayLike) -> Calibration:
    """Fit the homography of at least four point pairs, by least squares over all of them.

    Normalised DLT (Hartley & Zisserman, Multiple View Geometry, 2nd ed., alg. 4.2), then Levenberg-Marquardt
    on the distances in the picture, where the clicking errors are. No point is dropped.

    Args:
        image_px: (N, 2) pixels.
        floor_m: (N, 2) metres.

    Raises:
        CalibrationError: too few points, not finite, repeated, collinear, or as no camera can see them.

    """
    image = np.asarray(image_px, dtype=np.float64).reshape(-1, 2)
    floor = np.asarray(floor_m, dtype=np.float64).reshape(-1, 2)
    problems = _degeneracies(image, floor)
    if problems:
        raise CalibrationError(problems)
    homography = _least_squares(image, floor)
    mapped, projected = homography.image_to_floor(image), homography.floor_to_image(floor)
    lost = _numbers(~(np.isfinite(mapped) & np.isfinite(projected)).all(axis=1))
    if lost:
        raise CalibrationError([f"points {lost} lie on the other side of the horizon than the rest: are two swapped?"])
    errors_px = np.linalg.norm(projected - image, axis=1)
    return Calibration(image, floor, homography, errors_px, np.linalg.norm(mapped - floor, axis=1))


def _least_squares(image: Points, floor: Points) -> Homography:
    to_unit_image, to_unit_floor = _normaliser(image), _normaliser(floor)
    import cv2  # absent from services that calibrate nothing

    fitted, _ = cv2.findHomography(_apply(to_unit_floor, floor), _apply(to_unit_image, image), 0)
    if fitted is None:
        raise CalibrationError(["no homography fits these points"])
    try:
        matrix = np.linalg.inv(to_unit_floor) @ np.linalg.inv(np.asarray(fitted)) @ to_unit_image
        depths = np.column_stack([image, np.ones(len(image))]) @ matrix[2]
        return Homography(matrix if np.median(depths) > 0 else -matrix)
    except (np.linalg.LinAlgError, HomographyError) as error:
        raise CalibrationError([f"the points give no usable homography: {error}"]) from error


def _normaliser(points: Points) -> NDArray[np.float64]:
    """Return the similarity that centres the points and scales their mean distance to √2, (3, 3)."""
    centre = points.mean(axis=0)
    scale = np.sqrt(2.0) / np.linalg.norm(points - centre, axis=1).mean()
    return np.array([[scale, 0.0, -scale * centre[0]], [0.0, scale, -scale * centre[1]], [0.0, 0.0, 1.0]])


def _apply(similarity: NDArray[np.float64], points: Points) -> Points:
    return np.asarray(points @ similarity[:2, :2].T + similarity[:2, 2])


def _degeneracies(image: Points, floor: Points) -> list[str]:
    if len(image) != len(floor):
        return [f"{len(image)} image points but {len(floor)} floor points"]
    if len(image) < MIN_POINTS:
        return [f"at least {MIN_POINTS} points are needed, {len(image)} given"]
    sides = (("image", image), ("floor", floor))
    infinite = [
        f"points {_numbers(~np.isfinite(points).all(axis=1))} have {name} coordinates that are not finite"
        for name, points in sides
        if not np.isfinite(points).all()
    ]
    return (
        infinite
        or [problem for name, points in sides for problem in _repeated(name, points)]
        or [problem for name, points in sides for problem in _collinear(name, points)]
    )


def _repeated(name: str, points: Points) -> list[str]:
    first_seen: dict[tuple[float, float], int] = {}
    problems = []
    for number, (first, second) in enumerate(points, start=1):
        earlier = first_seen.setdefault((float(first), float(second)), number)
        if earlier != number:
            problems.append(f"points {earlier} and {number} have the same {name} position")
    return problems


def _collinear(name: str, points: Points) -> list[str]:
    """Find what leaves no four points of which no three are collinear: N - 1 or more of them on a line."""
    if _on_one_line(points):
        return [f"the {name} points are collinear"]
    for left_out in range(len(points)):
        if _on_one_line(np.delete(points, left_out, axis=0)):
            return [f"all {name} points but number {left_out + 1} are collinear"]
    return []


def _on_one_line(points: Points) -> bool:
    length, width = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(width < MIN_WIDTH_TO_LENGTH * length)


def _numbers(chosen: ArrayLike) -> str:
    return ", ".join(str(index + 1) for index in np.flatnonzero(chosen))
