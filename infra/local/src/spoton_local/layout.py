"""Where the state of a local stack lies."""

import json
import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spoton_local.errors import StateDirNotFound

STATE_DIR_VARIABLE = "SPOTON_LOCAL_DIR"


@dataclass(frozen=True)
class Layout:
    """The files and folders of one stack, all below `root` (usually `.local/` of the checkout)."""

    root: Path

    @property
    def logs(self) -> Path:
        """One log file a component; `NAME.log.1` is the one before the last start."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """One pid file a component."""
        return self.root / "run"

    @property
    def config(self) -> Path:
        """Configuration files written for the servers, mode 0600."""
        return self.root / "config"

    @property
    def data(self) -> Path:
        """One folder of data a server."""
        return self.root / "data"

    @property
    def lock(self) -> Path:
        """Held while `up` or `down` works."""
        return self.root / "stack.lock"

    @property
    def plan(self) -> Path:
        """Ports and model choices of the last `up`."""
        return self.root / "stack.json"

    @property
    def credentials(self) -> Path:
        """Generated passwords, mode 0600."""
        return self.root / "credentials.json"

    @property
    def file_roots(self) -> Path:
        """The files and folders that services may read, one absolute path a line."""
        return self.root / "file-roots.txt"

    @property
    def uploads(self) -> Path:
        """Videos that people upload; services may read them."""
        return self.root / "uploads"

    @property
    def videos(self) -> Path:
        """Annotated videos, finished and in work."""
        return self.root / "videos"

    def create(self) -> None:
        """Make every folder and the (empty) list of file roots, where missing."""
        for folder in (self.root, self.logs, self.run, self.config, self.data, self.uploads, self.videos):
            folder.mkdir(parents=True, exist_ok=True)
        self.file_roots.touch(exist_ok=True)


def find_state_dir(cwd: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """`SPOTON_LOCAL_DIR`, or `.local` of the checkout that holds the working directory.

    Raises:
        StateDirNotFound: neither exists.

    """
    if chosen := environ.get(STATE_DIR_VARIABLE):
        return Path(chosen).absolute()
    start = (cwd or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        if _is_workspace(folder / "pyproject.toml"):
            return folder / ".local"
    raise StateDirNotFound(
        f"{start} is not inside a SpotOn checkout: change into one, or set {STATE_DIR_VARIABLE} to a folder"
    )


def _is_workspace(pyproject: Path) -> bool:
    if not pyproject.is_file():
        return False
    tables = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    return "workspace" in tables.get("tool", {}).get("uv", {})


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace `path`; a reader or a crash sees the old text or the new one, never a part."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in `path`, or None where the file is missing."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    value: dict[str, Any] = json.loads(text)
    return value
