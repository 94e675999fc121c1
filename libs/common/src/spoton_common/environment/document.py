"""`environment.yaml` as users write it.

Validation needs the folder as context (`context=Folder(path)`): relative paths are resolved against it, and
files are looked at while validating, so that one pass finds every mistake.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationInfo,
)

from spoton_common.geometry import Calibration, orient_homography, read_points_file

from .models import FloorMap, FrozenModel, Identifier, Matrix, PolygonCorners, PositiveNumber, Tripwire, Zone

Item = TypeVar("Item")


@dataclass(frozen=True)
class Folder:
    """Validation context: where relative paths begin."""

    path: Path


def _folder(info: ValidationInfo) -> Path:
    context = info.context
    if not isinstance(context, Folder):
        raise TypeError("environment documents are validated with context=Folder(path)")
    return context.path


def _resolved_url(location: str, info: ValidationInfo) -> str:
    """Turn a relative path, file:// or s3:// location into a URL; local files must exist."""
    parts = urlsplit(location)
    if parts.scheme == "s3":
        if not parts.netloc or len(parts.path) < 2:
            raise ValueError(f"'{location}' must be s3://bucket/key")
        return location
    if parts.scheme not in ("", "file"):
        raise ValueError(f"'{location}': only relative paths, file:// and s3:// are supported, not {parts.scheme}://")
    if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
        raise ValueError(f"'{location}' must be file:///absolute/path")
    path = _folder(info) / (unquote(parts.path) if parts.scheme else location)
    if not path.is_file():
        raise ValueError(f"'{location}': no such file")
    return path.resolve().as_uri()


def _calibration(value: Any, info: ValidationInfo) -> Calibration:
    if not isinstance(value, str):
        raise ValueError("must be the name of a points file")
    return read_points_file(_folder(info) / value)


def _regular(matrix: Matrix) -> Matrix:
    orient_homography(matrix)
    return matrix


def _some(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Refuse an empty list; `min_length` would also count the items that have mistakes as missing."""
    if not items:
        raise ValueError("at least one is needed")
    return items


Location = Annotated[str, Field(min_length=1), AfterValidator(_resolved_url)]


class CameraEntry(FrozenModel):
    """One item of `cameras`."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    id: Identifier
    sources: Annotated[tuple[Location, ...], AfterValidator(_some)]
    clock_offset_s: FiniteFloat = 0.0
    homography: Annotated[Matrix, AfterValidator(_regular)] | None = None
    points: Annotated[Calibration, BeforeValidator(_calibration)] | None = None


class FloorMapEntry(FloorMap):
    """The item `map`."""

    image: Location


class EnvironmentDocument(FrozenModel):
    """The whole file."""

    id: Identifier
    name: str = Field(min_length=1)
    processing_fps: PositiveNumber | None = None
    classes: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], AfterValidator(_some)] = ("person",)
    cameras: Annotated[tuple[CameraEntry, ...], AfterValidator(_some)]
    map: FloorMapEntry | None = None
    monitored_area: PolygonCorners | None = None
    zones: tuple[Zone, ...] = ()
    tripwires: tuple[Tripwire, ...] = ()
