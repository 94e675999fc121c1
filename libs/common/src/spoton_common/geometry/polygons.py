"""Areas and lines on the floor: what lies inside, who crosses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.validation import explain_validity

from .errors import PolygonError

Vertex = tuple[float, float]


class FloorArea:
    """A simple polygon on the floor, boundary included.

    Args:
        vertices: corners in order, metres; the last is joined to the first.

    Raises:
        PolygonError: fewer than three distinct corners, not finite, no area, or sides that cross each other.

    """

    def __init__(self, vertices: Sequence[Vertex]) -> None:
        corners = np.asarray(vertices, dtype=np.float64).reshape(-1, 2)
        if not np.isfinite(corners).all():
            raise PolygonError("a polygon's corners must be finite numbers")
        if len(np.unique(corners, axis=0)) < 3:
            raise PolygonError("a polygon needs at least 3 different corners")
        polygon = shapely.Polygon(corners)
        if not polygon.is_valid or polygon.area == 0:
            raise PolygonError(f"not a simple polygon: {explain_validity(polygon)}")
        shapely.prepare(polygon)
        self._polygon = polygon

    @property
    def area_m2(self) -> float:
        """Enclosed area, square metres."""
        return float(self._polygon.area)

    def contains(self, points_m: ArrayLike) -> NDArray[np.bool_]:
        """Which of the points, (N, 2) metres, lie inside or on the boundary, (N,); False for NaN."""
        points = np.asarray(points_m, dtype=np.float64).reshape(-1, 2)
        return np.asarray(shapely.intersects_xy(self._polygon, points[:, 0], points[:, 1]), dtype=np.bool_)

    def depth_m(self, point_m: Vertex) -> float:
        """How far a point lies inside, metres: its distance from the boundary, negative outside."""
        point = shapely.Point(point_m)
        distance = float(shapely.distance(self._polygon.exterior, point))
        return distance if shapely.intersects(self._polygon, point) else -distance


@dataclass(frozen=True)
class FloorLine:
    """A tripwire on the floor from `start` to `end`, metres.

    Raises:
        PolygonError: not finite, or without length.

    """

    start: Vertex
    end: Vertex

    def __post_init__(self) -> None:
        if not np.isfinite([self.start, self.end]).all():
            raise PolygonError("a line's ends must be finite numbers")
        if tuple(self.start) == tuple(self.end):
            raise PolygonError("a line needs two different ends")

    def crossings(self, before_m: ArrayLike, after_m: ArrayLike) -> NDArray[np.int8]:
        """Direction in which each step crosses the line, (N,): 1 forward, -1 backward, 0 not at all.

        Forward is from left to right seen from start to end, on a floor drawn with x to the right and y down.
        A point on the line counts as on its right, so a step that stops on the line and the next that leaves
        it cross once together. The line holds its start but not its end: chained lines count a crossing once.

        Args:
            before_m: (N, 2) where the steps begin, metres.
            after_m: (N, 2) where they end. A step with NaN crosses nothing.

        """
        before = np.asarray(before_m, dtype=np.float64).reshape(-1, 2)
        after = np.asarray(after_m, dtype=np.float64).reshape(-1, 2)
        origin, along = np.array(self.start), np.subtract(self.end, self.start)
        side_before, side_after = _cross(along, before - origin), _cross(along, after - origin)
        changed = ((side_before < 0) & (side_after >= 0)) | ((side_before >= 0) & (side_after < 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = side_before / (side_before - side_after)
            where = (before + share[:, None] * (after - before) - origin) @ along / (along @ along)
            hit = changed & (where >= 0) & (where < 1)
        return np.where(hit, np.where(side_before < 0, 1, -1), 0).astype(np.int8)

    def distance_m(self, point_m: Vertex) -> float:
        """How far a point lies from the line, prolonged beyond both its ends, metres; positive on its right."""
        along = np.subtract(self.end, self.start)
        return float(_cross(along, np.subtract(point_m, self.start)[None])[0] / np.hypot(*along))


def _cross(along: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(along[0] * points[:, 1] - along[1] * points[:, 0])
