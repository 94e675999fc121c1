"""Plane geometry of cameras and floors; pure, without services."""

from .calibration import Calibration, fit_homography
from .errors import CalibrationError, GeometryError, HomographyError, PolygonError
from .homography import Homography, orient_homography
from .points_file import read_points_file
from .polygons import FloorArea, FloorLine

__all__ = [
    "Calibration",
    "CalibrationError",
    "FloorArea",
    "FloorLine",
    "GeometryError",
    "Homography",
    "HomographyError",
    "PolygonError",
    "fit_homography",
    "orient_homography",
    "read_points_file",
]
