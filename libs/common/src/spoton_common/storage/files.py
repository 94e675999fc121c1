"""Local files inside the roots that the settings allow."""

import os
import stat
from pathlib import Path

from spoton_common.settings import FileAccess
from spoton_common.storage.errors import NotFound, OutsideRoots
from spoton_common.storage.locations import FileLocation


def allowed_path(access: FileAccess, location: FileLocation) -> Path:
    """Return the real path of a file that may be read: symbolic links resolved, a regular file, inside a root.

    ``OutsideRoots`` if it is in none, ``NotFound`` if it is in one but no regular file.
    """
    real = Path(os.path.realpath(location.path))
    if not any(_holds(root, real) for root in _roots(access)):
        raise OutsideRoots(
            f"{location.path} lies outside the folders that may be read "
            "(SPOTON_FILE_ROOTS, or register its environment)"
        )
    try:
        mode = real.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{location.path} does not exist") from error
    except PermissionError as error:
        raise NotFound(f"{location.path} may not be read by this process") from error
    if not stat.S_ISREG(mode):
        raise NotFound(f"{location.path} is not a regular file")
    return real


def _roots(access: FileAccess) -> list[Path]:
    roots = list(access.roots)
    if access.roots_file is not None and access.roots_file.exists():
        # Read at each use: environments are registered while the services run.
        lines = access.roots_file.read_text(encoding="utf-8").splitlines()
        roots += [Path(line.strip()) for line in lines if line.strip()]
    return [Path(os.path.realpath(root)) for root in roots if root.is_absolute()]


def _holds(root: Path, path: Path) -> bool:
    return path == root or root in path.parents
