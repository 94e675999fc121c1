"""A report on an environment's calibration: how well the clicked points fit, what floor the cameras see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from spoton_common.geometry import Calibration, Homography

from .loader import EnvironmentFolder

USABLE_METRES_PER_PIXEL = 0.25
"""Floor farther away than this resolution locates nobody: a pixel there is a step."""

GRID_CELLS = (32, 24)
"""The picture is laid on the floor in this many cells across and down."""

MAX_RMS_PX = 5.0
"""Careful clicks fit to 1-3 pixels; past this a point is wrong or the lens bends lines."""

MAX_RMS_M = 0.3
"""Half a shoulder width more, and two people side by side are one."""


@dataclass(frozen=True, eq=False)
class CameraCheck:
    """What the check found on one camera.

    Attributes:
        calibration: the fit of its points file; None without one.
        footprint: the floor that it sees at a usable resolution, metres; None where it has no homography or
            the size of its picture is not known.

    """

    camera_id: str
    calibration: Calibration | None
    footprint: BaseGeometry | None

    @property
    def floor_area_m2(self) -> float | None:
        """Area of the footprint, square metres."""
        return None if self.footprint is None else float(self.footprint.area)


@dataclass(frozen=True, eq=False)
class EnvironmentCheck:
    """The report; warnings are sentences, and none of them makes the environment unusable."""

    folder: EnvironmentFolder
    cameras: tuple[CameraCheck, ...]
    floor_area_m2: float
    warnings: tuple[str, ...]


def check_environment(folder: EnvironmentFolder) -> EnvironmentCheck:
    """Report on an environment folder that was read without mistakes."""
    cameras = tuple(
        CameraCheck(
            camera_id=camera.id,
            calibration=folder.calibrations.get(camera.id),
            footprint=_footprint(camera.floor_homography, folder.picture_sizes.get(camera.id)),
        )
        for camera in folder.environment.cameras
    )
    footprints = {check.camera_id: check.footprint for check in cameras if check.footprint is not None}
    covered = shapely.union_all(list(footprints.values()))
    warnings = [
        *_missing(folder),
        *(warning for check in cameras for warning in _bad_fit(check)),
        *_strangers(footprints),
        *_uncovered(folder, covered if footprints else None),
        *_mirrored(folder),
    ]
    return EnvironmentCheck(folder, cameras, float(covered.area), tuple(warnings))


def _footprint(homography: Homography | None, size: tuple[int, int] | None) -> BaseGeometry | None:
    if homography is None or size is None:
        return None
    columns, rows = GRID_CELLS
    u_px, v_px = np.meshgrid(np.linspace(0, size[0], columns + 1), np.linspace(0, size[1], rows + 1))
    pixels = np.column_stack([u_px.ravel(), v_px.ravel()])
    scale = homography.metres_per_pixel(pixels)
    usable = (np.nan_to_num(scale, nan=np.inf) <= USABLE_METRES_PER_PIXEL).reshape(rows + 1, columns + 1)
    floor = homography.image_to_floor(pixels).reshape(rows + 1, columns + 1, 2)
    corners = [(slice(None, -1), slice(None, -1)), (slice(None, -1), slice(1, None))]
    corners += [(slice(1, None), slice(1, None)), (slice(1, None), slice(None, -1))]
    cells = np.stack([floor[corner] for corner in corners], axis=2)
    whole = np.logical_and.reduce([usable[corner] for corner in corners])
    return shapely.union_all(shapely.polygons(cells[whole]))


def _missing(folder: EnvironmentFolder) -> Iterator[str]:
    for camera in folder.environment.cameras:
        if camera.homography is None:
            yield f"{camera.id}: neither homography nor points: people are tracked in its picture only"
        elif camera.id not in folder.picture_sizes:
            yield f"{camera.id}: its first source is no readable local video: its floor area is not checked"


def _bad_fit(check: CameraCheck) -> Iterator[str]:
    fit = check.calibration
    if fit is None:
        return
    if len(fit.errors_px) == 4:
        yield f"{check.camera_id}: 4 points always fit exactly: click 6 or more so that mistakes show"
    worst = int(np.argmax(fit.errors_px)) + 1
    if fit.rms_px > MAX_RMS_PX or fit.rms_m > MAX_RMS_M:
        yield (
            f"{check.camera_id}: the points fit badly (rms {fit.rms_px:.1f} px, {fit.rms_m:.2f} m); "
            f"the worst is number {worst} ({fit.errors_px.max():.1f} px)"
        )


def _strangers(footprints: Mapping[str, BaseGeometry]) -> Iterator[str]:
    for camera_id, footprint in footprints.items():
        others = [other for other_id, other in footprints.items() if other_id != camera_id]
        if footprint.is_empty:
            yield f"{camera_id}: sees no floor at {USABLE_METRES_PER_PIXEL} m a pixel or better"
        elif others and not any(footprint.intersects(other) for other in others):
            yield f"{camera_id}: its floor overlaps no other camera's: is the origin the same?"


def _uncovered(folder: EnvironmentFolder, covered: BaseGeometry | None) -> Iterator[str]:
    corners = folder.environment.monitored_area
    if corners is None or covered is None:
        return
    area = shapely.Polygon(corners)
    share = covered.intersection(area).area / area.area
    if share < 0.5:
        yield f"monitored_area: only {share:.0%} of it is seen by a camera"


def _mirrored(folder: EnvironmentFolder) -> Iterator[str]:
    homographies = [camera.floor_homography for camera in folder.environment.cameras]
    if folder.environment.map is not None and any(h is not None and h.is_mirrored for h in homographies):
        yield "map: y must run down in the map's picture, but the cameras' y runs up: it looks mirrored"
