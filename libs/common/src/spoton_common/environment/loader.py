"""Environment folders: reading `environment.yaml` and everything it names."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from spoton_common.geometry import (
    Calibration,
    CalibrationError,
    Homography,
    HomographyError,
    orient_homography,
)

from .document import CameraEntry, EnvironmentDocument, Folder
from .errors import InvalidEnvironmentError
from .media import picture_size
from .models import Camera, Environment, FloorMap

FILE_NAME = "environment.yaml"

PLAIN_WORDS = {
    "extra_forbidden": "unknown key",
    "missing": "missing",
    "model_type": "must hold keys with values",
    "string_pattern_mismatch": "must consist of a-z, 0-9 and '-'",
    "string_too_short": "must not be empty",
    "tuple_type": "must be a list",
}
"""Pydantic's error types in the words of somebody who writes YAML."""


@dataclass(frozen=True)
class EnvironmentFolder:
    """An environment together with what only its folder knows.

    Attributes:
        environment: the environment, paths resolved.
        calibrations: the fit of each camera that has a points file, by camera id.
        picture_sizes: (width, height) of each camera whose first source is a readable local video.

    """

    environment: Environment
    calibrations: Mapping[str, Calibration]
    picture_sizes: Mapping[str, tuple[int, int]]


def load_environment(folder: Path) -> Environment:
    """Read an environment folder.

    Raises:
        InvalidEnvironmentError: the folder has mistakes; all of them are listed.

    """
    return read_environment_folder(folder).environment


def read_environment_folder(folder: Path) -> EnvironmentFolder:
    """Read an environment folder with its calibrations.

    Raises:
        InvalidEnvironmentError: the folder has mistakes; all of them are listed.

    """
    content = _read_yaml(folder)
    problems = list(_contradictions(content))
    try:
        document = EnvironmentDocument.model_validate(content, context=Folder(folder.resolve()))
    except ValidationError as error:
        problems.extend(line for details in error.errors() for line in _lines(details))
        raise InvalidEnvironmentError(folder, problems) from error
    if problems:
        raise InvalidEnvironmentError(folder, problems)
    return _resolve(folder, document)


def _read_yaml(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise InvalidEnvironmentError(folder, ["no such folder"])
    path = folder / FILE_NAME
    if not path.is_file():
        raise InvalidEnvironmentError(folder, [f"{FILE_NAME}: no such file"])
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidEnvironmentError(folder, [f"{FILE_NAME}: cannot be read: {error.strerror}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidEnvironmentError(folder, [f"{FILE_NAME}: not YAML: {' '.join(str(error).split())}"]) from error
    if not isinstance(content, dict):
        raise InvalidEnvironmentError(folder, [f"{FILE_NAME}: must hold keys with values, such as 'id: hall'"])
    return content


def _contradictions(content: Mapping[str, Any]) -> Iterator[str]:
    """Find mistakes between parts, also where the parts have mistakes of their own."""
    for section in ("cameras", "zones", "tripwires"):
        items = content.get(section)
        ids = [item.get("id") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        for name, count in Counter(str(name) for name in ids if name is not None).items():
            if count > 1:
                yield f"{section}: the id '{name}' is used {count} times"
    cameras = content.get("cameras")
    for index, camera in enumerate(cameras if isinstance(cameras, list) else []):
        if isinstance(camera, dict) and camera.get("homography") is not None and camera.get("points") is not None:
            yield f"cameras[{index}]: give either homography or points, not both"


def _lines(details: ErrorDetails) -> list[str]:
    place = ""
    for part in details["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, CalibrationError):
        messages = list(cause.problems)
    elif isinstance(cause, ValueError):
        messages = [str(cause)]
    else:
        messages = [PLAIN_WORDS.get(details["type"], details["msg"])]
    return [f"{place.removeprefix('.')}: {message}" for message in messages]


def _resolve(folder: Path, document: EnvironmentDocument) -> EnvironmentFolder:
    sizes = {entry.id: picture_size(entry.sources[0]) for entry in document.cameras}
    problems: list[str] = []
    homographies: dict[str, Homography] = {}
    for index, entry in enumerate(document.cameras):
        try:
            homography = _homography(entry, sizes[entry.id])
        except HomographyError as error:
            problems.append(f"cameras[{index}].homography: {error}")
            continue
        if homography is not None:
            homographies[entry.id] = homography
    problems.extend(_disagreement(homographies))
    if problems:
        raise InvalidEnvironmentError(folder, problems)
    return EnvironmentFolder(
        environment=_environment(document, homographies),
        calibrations={entry.id: entry.points for entry in document.cameras if entry.points is not None},
        picture_sizes={camera_id: size for camera_id, size in sizes.items() if size is not None},
    )


def _homography(entry: CameraEntry, size: tuple[int, int] | None) -> Homography | None:
    if entry.points is not None:
        return entry.points.homography
    if entry.homography is None:
        return None
    return orient_homography(entry.homography, None if size is None else (size[0] / 2, size[1]))


def _disagreement(homographies: Mapping[str, Homography]) -> Iterator[str]:
    """Cameras above one floor see its turns in the same sense; one that does not has a mirrored plane."""
    mirrored = [camera_id for camera_id, homography in homographies.items() if homography.is_mirrored]
    upright = [camera_id for camera_id in homographies if camera_id not in mirrored]
    if mirrored and upright:
        yield (
            f"cameras: the floor of {', '.join(mirrored)} is a mirror image of that of {', '.join(upright)}: "
            "the sign of x or y differs, or x and y are exchanged"
        )


def _environment(document: EnvironmentDocument, homographies: Mapping[str, Homography]) -> Environment:
    return Environment(
        id=document.id,
        name=document.name,
        processing_fps=document.processing_fps,
        classes=document.classes,
        cameras=tuple(_camera(entry, homographies.get(entry.id)) for entry in document.cameras),
        map=None if document.map is None else FloorMap(**document.map.model_dump()),
        monitored_area=document.monitored_area,
        zones=document.zones,
        tripwires=document.tripwires,
    )


def _camera(entry: CameraEntry, homography: Homography | None) -> Camera:
    return Camera(
        id=entry.id,
        sources=entry.sources,
        clock_offset_s=entry.clock_offset_s,
        homography=None if homography is None else homography.matrix.tolist(),
    )
