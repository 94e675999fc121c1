"""A folder for fetched sub-videos that outlives no process: leftovers of dead ones are removed at the next start."""

import fcntl
import re
import shutil
import uuid
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_SAFE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")


class CacheFolder:
    """``<root>/<this process>/<task>/<camera>/``; a lock that dies with its process tells who is alive."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._own = root / uuid.uuid4().hex
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._root.mkdir(parents=True, exist_ok=True)
        for leftover in self._root.iterdir():
            if _is_dead(leftover):
                shutil.rmtree(leftover, ignore_errors=True)
        # Locked before it appears under its name, so that nobody takes it for a leftover.
        hidden = self._root / f".{self._own.name}"
        hidden.mkdir()
        self._lock = (hidden / "lock").open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        hidden.rename(self._own)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        shutil.rmtree(self._own, ignore_errors=True)
        if self._lock:
            self._lock.close()

    def place(self, task_id: str, camera_id: str, batch: int, uri: str) -> Path:
        """Return where a sub-video goes; its folder exists. Names of users never become paths as they are."""
        folder = self._own / _safe(task_id) / _safe(camera_id)
        folder.mkdir(parents=True, exist_ok=True)
        suffix = Path(uri).suffix
        return folder / f"{batch}{suffix if _SUFFIX.fullmatch(suffix) else ''}"

    def remove(self, path: Path) -> None:
        """Remove a sub-video, and its folders if they are empty now."""
        path.unlink(missing_ok=True)
        for folder in (path.parent, path.parent.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _safe(name: str) -> str:
    return name if _SAFE.fullmatch(name) else sha256(name.encode()).hexdigest()[:32]


def _is_dead(folder: Path) -> bool:
    """Tell whether a folder is of this class and its process is gone."""
    try:
        with (folder / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # alive (BlockingIOError), or none of ours
        return False
    return True
