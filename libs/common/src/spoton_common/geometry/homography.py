"""Homographies between a camera's picture and the floor.

Image points are (u, v) pixels of the source picture, v downwards; floor points are (x, y) metres.
A `Homography` knows which side of the horizon is floor: `matrix @ (u, v, 1)` has a positive third
component there, and only there does a pixel have a place on the floor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import HomographyError

Points = NDArray[np.float64]
"""Shape (N, 2), float64."""

HORIZON_MARGIN_PX = 1.0
"""A foot is never known better than a pixel: nearer to the horizon than that its distance is unbounded."""

MAX_CONDITION = 1e10
"""Past this the equilibrated matrix is singular in float64; real cameras stay below 1e5."""

FAR_BELOW_PX = 10_000.0
"""A row far below any picture: floor for every camera that is not upside down."""

TYPICAL_PICTURE_PX = 1000.0


@dataclass(frozen=True, eq=False)
class Homography:
    """Maps image pixels to floor metres.

    Args:
        matrix: (3, 3), any positive scale. `matrix @ (u, v, 1)` is (x, y, 1) times a positive number
            for pixels that show the floor. Use `orient_homography` for a matrix of unknown sign.

    Raises:
        HomographyError: not 3x3, not finite, or singular.

    """

    matrix: NDArray[np.float64]

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float64)
        _refuse_unusable(matrix)
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    @cached_property
    def inverse(self) -> NDArray[np.float64]:
        """Floor metres (x, y, 1) to image pixels, (3, 3)."""
        return np.asarray(np.linalg.inv(self.matrix), dtype=np.float64)

    def image_to_floor(self, image_px: ArrayLike) -> Points:
        """Floor positions, (N, 2) metres; NaN for pixels on, over or within a pixel of the horizon."""
        mapped = _homogeneous(image_px) @ self.matrix.T
        return _divide(mapped, mapped[:, 2] > HORIZON_MARGIN_PX * self._horizon_slope)

    def floor_to_image(self, floor_m: ArrayLike) -> Points:
        """Image positions, (N, 2) pixels (also outside the picture); NaN for places behind the camera."""
        mapped = _homogeneous(floor_m) @ self.inverse.T
        return _divide(mapped, mapped[:, 2] > 0)

    def jacobian(self, image_px: ArrayLike) -> NDArray[np.float64]:
        """Differentiate the floor position by the pixel, (N, 2, 2) metres per pixel; NaN off the floor.

        From x = X/W: dx/du = (h11 - x·h31) / W, and alike for the others.
        """
        image = _homogeneous(image_px)
        floor = self.image_to_floor(image[:, :2])
        depth = (image @ self.matrix.T)[:, 2]
        numerator = self.matrix[None, :2, :2] - floor[:, :, None] * self.matrix[None, 2:, :2]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(numerator / depth[:, None, None])

    def metres_per_pixel(self, image_px: ArrayLike) -> NDArray[np.float64]:
        """Length on the floor of one pixel in the direction where it is longest, (N,); NaN off the floor."""
        jacobians = self.jacobian(image_px)
        scale = np.full(len(jacobians), np.nan)
        on_floor = np.isfinite(jacobians).all(axis=(1, 2))
        scale[on_floor] = np.linalg.norm(jacobians[on_floor], ord=2, axis=(1, 2))
        return scale

    @property
    def is_mirrored(self) -> bool:
        """True where the floor's y runs upwards as seen from above (x to the right), so turns change sense.

        The sign of the Jacobian's determinant is that of det(matrix) where the third component is positive.
        Cameras above one floor always agree in it.
        """
        return bool(np.linalg.det(self.matrix) < 0)

    @property
    def _horizon_slope(self) -> float:
        """Growth of the third component per pixel of distance from the horizon."""
        return float(np.hypot(self.matrix[2, 0], self.matrix[2, 1]))


def orient_homography(matrix: ArrayLike, floor_pixel: Sequence[float] | None = None) -> Homography:
    """Make a homography from a matrix whose overall sign is not known.

    Args:
        matrix: (3, 3), image pixel (u, v, 1) to floor metres.
        floor_pixel: (u, v) that shows floor, such as the middle of the picture's lower edge. Without it the
            camera is taken to be upright, so that the floor lies below the horizon.

    Raises:
        HomographyError: the matrix is not 3x3, not finite or singular, or the pixel lies on the horizon.

    """
    homography = Homography(np.asarray(matrix, dtype=np.float64))
    u_px, v_px = (0.0, FAR_BELOW_PX) if floor_pixel is None else floor_pixel
    depth = float(homography.matrix[2] @ (u_px, v_px, 1.0))
    if depth == 0:
        raise HomographyError(f"pixel ({u_px:g}, {v_px:g}) lies on the horizon, so the floor's side is unknown")
    return homography if depth > 0 else Homography(-homography.matrix)


def _homogeneous(points: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    return np.column_stack([array, np.ones(len(array))])


def _divide(mapped: NDArray[np.float64], valid: NDArray[np.bool_]) -> Points:
    result = np.full((len(mapped), 2), np.nan)
    result[valid] = mapped[valid, :2] / mapped[valid, 2:]
    return result


def _refuse_unusable(matrix: NDArray[np.float64]) -> None:
    if matrix.shape != (3, 3):
        raise HomographyError(f"a homography has 3 rows of 3 numbers, this one has shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise HomographyError("the homography has numbers that are not finite")
    balanced = matrix * [TYPICAL_PICTURE_PX, TYPICAL_PICTURE_PX, 1.0]
    row_norms = np.linalg.norm(balanced, axis=1, keepdims=True)
    if (row_norms == 0).any() or np.linalg.cond(balanced / row_norms) > MAX_CONDITION:
        raise HomographyError("the homography is singular: it maps the picture onto a line or a point")
