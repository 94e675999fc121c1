"""Where results that cost minutes are kept, named by the content of what they were made from."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

_CHUNK = 1 << 20


class Cache:
    """A folder of files whose names are hashes; files appear whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hashes: dict[Path, str] = {}

    def path(self, kind: str, *parts: str, suffix: str = "") -> Path:
        """Return the place of what follows from the given parts."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"{kind}-{sha256(chr(0).join(parts).encode()).hexdigest()[:20]}{suffix}"

    def content(self, path: Path) -> str:
        """Hash a file, or a folder's files with their names."""
        if path not in self._hashes:
            digest = sha256()
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    digest.update(file.name.encode())
                    _hash_file(file, digest.update)
            self._hashes[path] = digest.hexdigest()
        return self._hashes[path]


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a name to write to; what was written there gets its own name if nothing went wrong."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _hash_file(file: Path, update: Callable[[bytes], object]) -> None:
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            update(chunk)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a folder to write into; it gets its own name if nothing went wrong."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        rmtree(unfinished, ignore_errors=True)
