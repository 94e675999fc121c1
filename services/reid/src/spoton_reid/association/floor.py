"""Where a foot stands on the floor."""

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.values import Box, Point, SceneCamera

_FOOT_MARGIN = 0.1  # of the box height: detectors end a box a little above or below the occluder
_BORDER_PX = 2.0  # boxes that reach a border end there; at the lower one the foot is hidden


def foot_on_floor(camera: SceneCamera, bbox_xyxy: Box) -> Point | None:
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


def touches_border(camera: SceneCamera, bbox_xyxy: Box) -> bool:
    """Whether a box reaches the border of the image, which may cut it."""
    x1, y1, x2, y2 = bbox_xyxy
    width, height = camera.image_size_px
    return min(x1, y1) <= _BORDER_PX or x2 >= width - _BORDER_PX or y2 >= height - _BORDER_PX


def inside_polygon(point: Point, polygon: tuple[Point, ...]) -> bool:
    """Whether a point lies inside a polygon (even-odd rule)."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def hidden_feet(boxes_xyxy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which boxes of one image end where a nearer person begins, instead of at a foot.

    The detector boxes what it sees: behind another person that is head and shoulders, and the
    bottom of such a box projects metres behind the true place.

    Args:
        boxes_xyxy: (N, 4) pixels.

    Returns:
        (N,) True where the bottom centre lies in a box whose own bottom is lower.

    """
    foot_x = (boxes_xyxy[:, 0] + boxes_xyxy[:, 2]) / 2
    foot_y = boxes_xyxy[:, 3]
    margin = _FOOT_MARGIN * (foot_y - boxes_xyxy[:, 1])
    across = (boxes_xyxy[None, :, 0] <= foot_x[:, None]) & (foot_x[:, None] <= boxes_xyxy[None, :, 2])
    nearer = boxes_xyxy[None, :, 3] > (foot_y + margin)[:, None]
    below_top = (foot_y + margin)[:, None] >= boxes_xyxy[None, :, 1]
    behind = across & nearer & below_top
    return np.asarray(behind.any(axis=1), dtype=np.bool_)
