"""Errors of the geometry package.

GeometryError (ValueError)
├── HomographyError    a matrix that maps no plane onto another
├── CalibrationError   points that do not determine a homography, or a points file that cannot be read
└── PolygonError       corners that enclose no area, or a line without length
"""

from collections.abc import Iterable


class GeometryError(ValueError):
    """Geometry that cannot be used."""


class HomographyError(GeometryError):
    """A matrix that maps no plane onto another."""


class CalibrationError(GeometryError):
    """Calibration points that cannot be used; `problems` holds one sentence for each mistake."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class PolygonError(GeometryError):
    """Corners that enclose no area, or a line without length."""
