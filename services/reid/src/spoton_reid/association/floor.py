"""Where a foot stands on the floor."""

import numpy as np

from spoton_reid.association.values import Point, SceneCamera

_BORDER_PX = 2.0  # a box that reaches the lower border hides its foot


def foot_on_floor(camera: SceneCamera, bbox_xyxy: tuple[float, float, float, float]) -> Point | None:
    """Project the bottom centre of a box to the floor.

    Returns:
        metres, or None without a homography, where the foot lies outside the image, or where the
        point lies on the other side of the horizon than the image's lower border.

    """
    x1, _, x2, y2 = bbox_xyxy
    width, height = camera.image_size_px
    foot_x = (x1 + x2) / 2
    if camera.homography is None or y2 >= height - _BORDER_PX or not 0 <= foot_x <= width:
        return None
    x, y, w = (camera.homography @ np.array([foot_x, y2, 1.0])).tolist()
    below_horizon = float(camera.homography[2] @ np.array([width / 2, height, 1.0]))
    if w * below_horizon <= 0:
        return None
    return x / w, y / w


def inside_polygon(point: Point, polygon: tuple[Point, ...]) -> bool:
    """Whether a point lies inside a polygon (even-odd rule)."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside
