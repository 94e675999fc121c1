"""The calibration check as one picture: each camera's points and their fit, and the floor from above."""

from collections.abc import Sequence

import cv2
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from spoton_common.geometry import Calibration

from .check import CameraCheck, EnvironmentCheck
from .media import Picture, first_picture, local_path
from .models import Environment

PANEL_WIDTH_PX = 640
FLOOR_PANEL_PX = 800
MARGIN_PX = 40

Colour = tuple[int, int, int]
CLICKED: Colour = (0, 200, 0)
FITTED: Colour = (0, 0, 255)
INK: Colour = (40, 40, 40)
PAPER: Colour = (245, 245, 245)
GRID: Colour = (215, 215, 215)
CAMERAS: Sequence[Colour] = (
    (200, 90, 20),
    (20, 120, 230),
    (60, 160, 40),
    (160, 50, 160),
    (30, 30, 200),
    (140, 140, 0),
)


def draw_check(check: EnvironmentCheck) -> Picture:
    """Draw the report: a panel for each camera, then the floor. Returns (height, width, 3) uint8 BGR.

    In a camera's panel a green circle is the clicked point, a red cross where its floor position falls by
    the fit, and the frame has the colour of the camera's footprint on the floor.
    """
    panels = [_camera_panel(check, index) for index in range(len(check.cameras))]
    left = np.vstack(panels)
    return _side_by_side(left, _floor_panel(check))


def _camera_panel(check: EnvironmentCheck, index: int) -> Picture:
    report, camera = check.cameras[index], check.folder.environment.cameras[index]
    picture = first_picture(camera.sources[0])
    if picture is None:
        picture = _blank_picture(report)
    scale = PANEL_WIDTH_PX / picture.shape[1]
    panel = cv2.resize(picture, (PANEL_WIDTH_PX, max(1, round(picture.shape[0] * scale))))
    if report.calibration is not None:
        _draw_fit(panel, report.calibration, scale)
    colour = CAMERAS[index % len(CAMERAS)]
    cv2.rectangle(panel, (0, 0), (panel.shape[1] - 1, panel.shape[0] - 1), colour, 4)
    _write(panel, _title(report), (12, 24), colour)
    return np.asarray(panel, dtype=np.uint8)


def _blank_picture(report: CameraCheck) -> Picture:
    """Make room for all clicked points where the video cannot be read."""
    width, height = PANEL_WIDTH_PX, PANEL_WIDTH_PX * 9 // 16
    if report.calibration is not None:
        farthest = report.calibration.image_px.max(axis=0) * 1.1
        width, height = max(width, int(farthest[0])), max(height, int(farthest[1]))
    return np.full((height, width, 3), PAPER, dtype=np.uint8)


def _title(report: CameraCheck) -> str:
    if report.calibration is None:
        return f"{report.camera_id}: no points"
    return f"{report.camera_id}: rms {report.calibration.rms_px:.2f} px, {report.calibration.rms_m:.3f} m"


def _draw_fit(panel: NDArray[np.uint8], fit: Calibration, scale: float) -> None:
    fitted = fit.homography.floor_to_image(fit.floor_m)
    for number, (clicked_px, fitted_px) in enumerate(zip(fit.image_px, fitted, strict=True), start=1):
        clicked, cross = _pixel(clicked_px * scale), _pixel(fitted_px * scale)
        cv2.line(panel, clicked, cross, FITTED, 1, cv2.LINE_AA)
        cv2.circle(panel, clicked, 6, CLICKED, 2, cv2.LINE_AA)
        cv2.drawMarker(panel, cross, FITTED, cv2.MARKER_TILTED_CROSS, 9, 1, cv2.LINE_AA)
        _write(panel, str(number), (clicked[0] + 8, clicked[1] - 8), CLICKED)


class _FloorCanvas:
    """A square view of the floor from above, x to the right, y down."""

    def __init__(self, bounds_m: NDArray[np.float64]) -> None:
        self.low_m, high_m = bounds_m[:2], bounds_m[2:]
        self.pixels_per_m = (FLOOR_PANEL_PX - 2 * MARGIN_PX) / max(float((high_m - self.low_m).max()), 1e-3)
        self.picture = np.full((FLOOR_PANEL_PX, FLOOR_PANEL_PX, 3), PAPER, dtype=np.uint8)

    def pixels(self, points_m: ArrayLike) -> NDArray[np.int32]:
        floor = np.asarray(points_m, dtype=np.float64).reshape(-1, 2)
        return np.rint((floor - self.low_m) * self.pixels_per_m + MARGIN_PX).astype(np.int32)

    def lay(self, image: NDArray[np.uint8], metres_per_pixel: float, origin_px: tuple[float, float]) -> None:
        zoom = metres_per_pixel * self.pixels_per_m
        shift = -np.array(origin_px) * zoom - self.low_m * self.pixels_per_m + MARGIN_PX
        transform = np.array([[zoom, 0.0, shift[0]], [0.0, zoom, shift[1]]])
        size = (FLOOR_PANEL_PX, FLOOR_PANEL_PX)
        cv2.warpAffine(image, transform, size, dst=self.picture, borderMode=cv2.BORDER_TRANSPARENT)

    def fill(self, geometry: BaseGeometry, colour: Colour) -> None:
        parts = [self.pixels(part.exterior.coords) for part in _polygons(geometry)]
        shade = self.picture.copy()
        cv2.fillPoly(shade, parts, colour)
        cv2.addWeighted(shade, 0.25, self.picture, 0.75, 0, dst=self.picture)
        cv2.polylines(self.picture, parts, True, colour, 2, cv2.LINE_AA)

    def outline(self, corners_m: ArrayLike, colour: Colour, name: str, closed: bool = True) -> None:
        pixels = self.pixels(corners_m)
        cv2.polylines(self.picture, [pixels], closed, colour, 2, cv2.LINE_AA)
        _write(self.picture, name, (int(pixels[0, 0]) + 4, int(pixels[0, 1]) - 4), colour)

    def grid(self) -> None:
        """Draw lines at a round distance, labelled in metres."""
        extent_m = (FLOOR_PANEL_PX - 2 * MARGIN_PX) / self.pixels_per_m
        step_m = next(step for step in (0.1, 0.5, 1, 2, 5, 10, 20, 50, 100, 1e3, 1e9) if extent_m / step <= 14)
        for axis in (0, 1):
            first = np.ceil(self.low_m[axis] / step_m) * step_m
            for value in np.arange(first, self.low_m[axis] + extent_m, step_m):
                at = round((float(value) - float(self.low_m[axis])) * self.pixels_per_m) + MARGIN_PX
                ends = ((at, 0), (at, FLOOR_PANEL_PX)) if axis == 0 else ((0, at), (FLOOR_PANEL_PX, at))
                cv2.line(self.picture, *ends, GRID, 1)
                label = (at + 3, FLOOR_PANEL_PX - 6) if axis == 0 else (3, at - 3)
                _write(self.picture, f"{value + 0.0:g}" + (" m" if axis == 0 else ""), label, INK)


def _floor_panel(check: EnvironmentCheck) -> Picture:
    environment = check.folder.environment
    canvas = _FloorCanvas(_bounds(check))
    if environment.map is not None:
        path = local_path(environment.map.image)
        image = None if path is None else cv2.imread(path)
        if image is not None:
            canvas.lay(np.asarray(image, np.uint8), environment.map.metres_per_pixel, environment.map.origin_px)
    canvas.grid()
    for index, report in enumerate(check.cameras):
        colour = CAMERAS[index % len(CAMERAS)]
        if report.footprint is not None and not report.footprint.is_empty:
            canvas.fill(report.footprint, colour)
        if report.calibration is not None:
            for pixel in canvas.pixels(report.calibration.floor_m):
                cv2.circle(canvas.picture, _pixel(pixel), 5, colour, 2, cv2.LINE_AA)
    if environment.monitored_area is not None:
        canvas.outline(environment.monitored_area, INK, "monitored area")
    for zone in environment.zones:
        canvas.outline(zone.polygon, (0, 120, 200), zone.id)
    for wire in environment.tripwires:
        canvas.outline([wire.start, wire.end], FITTED, wire.id, closed=False)
    return canvas.picture


def _bounds(check: EnvironmentCheck) -> NDArray[np.float64]:
    """Return (low x, low y, high x, high y) of all that is drawn, metres."""
    points = [shapely.get_coordinates(report.footprint) for report in check.cameras if report.footprint is not None]
    points += [report.calibration.floor_m for report in check.cameras if report.calibration is not None]
    points += _areas(check.folder.environment)
    known = [array for array in points if len(array)]
    if not known:
        return np.array([0.0, 0.0, 1.0, 1.0])
    everything = np.vstack(known)
    return np.concatenate([everything.min(axis=0), everything.max(axis=0)])


def _areas(environment: Environment) -> list[NDArray[np.float64]]:
    corners = [zone.polygon for zone in environment.zones]
    corners += [(wire.start, wire.end) for wire in environment.tripwires]
    if environment.monitored_area is not None:
        corners.append(environment.monitored_area)
    return [np.array(polygon, dtype=np.float64) for polygon in corners]


def _polygons(geometry: BaseGeometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(geometry) if isinstance(part, shapely.Polygon)]


def _side_by_side(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> Picture:
    height = max(left.shape[0], right.shape[0])
    padded = [
        np.pad(panel, ((0, height - panel.shape[0]), (0, 0), (0, 0)), constant_values=255) for panel in (left, right)
    ]
    return np.asarray(np.hstack(padded), dtype=np.uint8)


def _pixel(point: ArrayLike) -> tuple[int, int]:
    """Round to whole pixels, within what OpenCV's drawing takes."""
    column, row = np.rint(np.clip(np.nan_to_num(np.asarray(point, dtype=np.float64)), -1e4, 1e4)).astype(int)
    return int(column), int(row)


def _write(picture: NDArray[np.uint8], text: str, at: tuple[int, int], colour: Colour) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 3, cv2.LINE_AA)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
