"""Files that are still arriving: they go with the upload, and with the process if it is killed."""

import errno
import fcntl
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from spoton_gateway.errors import StorageFull

_PREFIX = ".incoming-"
_YOUNG_S = 60.0  # between its creation and its lock, a file is not taken for a left-over
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Incoming:
    """A hidden file, locked as long as its process lives; removed at the end unless it was kept. ``StorageFull``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{_PREFIX}{uuid.uuid4().hex}"
        self.size_bytes = 0

    def __enter__(self) -> Self:
        with room_for(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.path.unlink(missing_ok=True)
        self._file.close()

    def write(self, pieces: list[bytes]) -> None:
        """Append."""
        with room_for(self.path.parent):
            for piece in pieces:
                left = memoryview(piece)
                while left:
                    left = left[self._file.write(left) :]
                self.size_bytes += len(piece)


def sweep(folder: Path) -> int:
    """Remove what killed processes left half-arrived; return how many files."""
    removed = 0
    for path in folder.glob(f"{_PREFIX}*"):
        try:
            if time.time() - path.stat().st_mtime < _YOUNG_S:
                continue
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                removed += 1
        except OSError:
            continue  # in use (BlockingIOError), or gone meanwhile
    return removed


@contextmanager
def room_for(folder: Path) -> Iterator[None]:
    """Turn what a full disk, a used-up quota or a limit on files raises into ``StorageFull``."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StorageFull(f"there is no room for uploads left in {folder.name} ({error.strerror})") from error
