"""Pinhole cameras over a floor.

Floor frame: x to the right and y down on the map picture, z up, metres. (Left-handed, so that the picture's
pixels and the metres run the same way.) Image frame: u right, v down, pixels; pixel (0, 0) covers
[0, 1) x [0, 1), so the principal point is (width / 2, height / 2).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spoton_scenes.errors import SceneArgumentError

Floats = NDArray[np.float64]
_MIRROR_Y = np.array([1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Camera:
    """A camera at `position_m` looking at `target_m` with the horizon level.

    The focal length is in pixels of the camera's own size; `gains_bgr` is its white balance, what the
    rendered colours are multiplied by.
    """

    camera_id: str
    position_m: tuple[float, float, float]
    target_m: tuple[float, float, float]
    focal_px: float
    width_px: int
    height_px: int
    gains_bgr: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if self.width_px <= 0 or self.height_px <= 0 or self.focal_px <= 0:
            raise SceneArgumentError(f"camera {self.camera_id}: size and focal length must be positive")
        if np.hypot(*(np.subtract(self.target_m, self.position_m)[:2])) < 1e-6:
            raise SceneArgumentError(f"camera {self.camera_id}: it must not look straight up or down")

    @cached_property
    def rotation(self) -> Floats:
        """(3, 3) rows right, down, forward: floor-frame vectors to camera-frame vectors."""
        forward = np.subtract(self.target_m, self.position_m)
        forward = forward / np.linalg.norm(forward)
        # cross products need a right-handed frame: mirror y, cross, mirror back
        mirrored = forward * _MIRROR_Y
        level = np.cross(mirrored, [0.0, 0.0, 1.0])
        right = level / np.linalg.norm(level)
        down = np.cross(mirrored, right)
        return np.stack([right * _MIRROR_Y, down * _MIRROR_Y, forward])

    @cached_property
    def intrinsics(self) -> Floats:
        """(3, 3) matrix K of the pinhole model."""
        return np.array([[self.focal_px, 0, self.width_px / 2], [0, self.focal_px, self.height_px / 2], [0, 0, 1.0]])

    @cached_property
    def floor_to_image(self) -> Floats:
        """(3, 3) homography, floor (x_m, y_m, 1) → pixel (u, v, 1): K [r1 r2 t] (Hartley, Zisserman 8.1)."""
        translation = -self.rotation @ np.asarray(self.position_m)
        matrix: Floats = self.intrinsics @ np.column_stack([self.rotation[:, 0], self.rotation[:, 1], translation])
        return matrix

    @cached_property
    def image_to_floor(self) -> Floats:
        """(3, 3) homography, pixel (u, v, 1) → floor (x_m, y_m, 1), scaled so that its last element is 1."""
        inverse = np.linalg.inv(self.floor_to_image)
        normalised: Floats = inverse / inverse[2, 2]
        return normalised

    def project(self, points_m: Floats) -> tuple[Floats, Floats]:
        """Floor-frame points (N, 3) → pixels (N, 2) and depths along the optical axis (N,) in metres."""
        in_camera = (np.asarray(points_m, dtype=np.float64) - self.position_m) @ self.rotation.T
        depth = in_camera[:, 2]
        safe = np.where(np.abs(depth) < 1e-9, 1e-9, depth)
        centre = np.array([self.width_px / 2, self.height_px / 2])
        return in_camera[:, :2] / safe[:, None] * self.focal_px + centre, depth

    def sees_floor_point(self, x_m: float, y_m: float) -> bool:
        """Whether the floor point falls into the image (obstacles not considered)."""
        pixels, depth = self.project(np.array([[x_m, y_m, 0.0]]))
        u, v = pixels[0]
        return bool(depth[0] > 0 and 0 <= u < self.width_px and 0 <= v < self.height_px)

    def resized(self, width_px: int, height_px: int) -> "Camera":
        """Return the same view at another size: the focal length follows the width."""
        focal = self.focal_px * width_px / self.width_px
        return Camera(self.camera_id, self.position_m, self.target_m, focal, width_px, height_px, self.gains_bgr)


def image_points_to_floor(camera: Camera, pixels: Floats) -> Floats:
    """Pixels (N, 2) of floor points → floor positions (N, 2) in metres."""
    homogeneous = np.column_stack([pixels, np.ones(len(pixels))]) @ camera.image_to_floor.T
    floor: Floats = homogeneous[:, :2] / homogeneous[:, 2:]
    return floor
