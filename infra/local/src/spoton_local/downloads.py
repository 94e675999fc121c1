"""Pinned Maven artifacts, checked against the lock file and cached for every checkout of the user."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import ssl
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver

from spoton_local.errors import ChecksumMismatch, DownloadFailed

LOCK_FILE = Path(__file__).parent / "artifacts.lock.json"
REPOSITORY_VARIABLE = "SPOTON_LOCAL_MAVEN_URL"
"""A Maven repository to use instead of Maven Central, for networks with a mirror."""
CONNECTION_TIMEOUT_S = 60
"""Per read, not per file: a mirror that fetches a 159 MB archive on demand is silent for tens of seconds."""

OnProgress = Callable[[int], None]
"""Called with whole percents, each once."""


@dataclass(frozen=True)
class Artifact:
    """One file of a Maven repository and the SHA-256 that it must have."""

    group: str
    name: str
    version: str
    classifier: str
    packaging: str
    sha256: str
    size_bytes: int

    @property
    def filename(self) -> str:
        """The name of the file in a Maven repository."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{classifier}.{self.packaging}"


def locked_artifacts(server: str) -> tuple[Artifact, ...]:
    """Return the artifacts of one server, from the lock file."""
    locked = json.loads(LOCK_FILE.read_text(encoding="utf-8"))
    return tuple(Artifact(**entry) for entry in locked[server])


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CACHE_HOME/spoton`, or `~/.cache/spoton`."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "spoton"


def fetch(artifacts: Sequence[Artifact], cache: Path, on_progress: OnProgress | None = None) -> list[Path]:
    """Paths of the artifacts in the cache, in order; what is missing is downloaded first.

    A file appears under its final name only when complete and checked, also when this process is killed.

    Raises:
        DownloadFailed: the repository has no such file or cannot be reached.
        ChecksumMismatch: it has another one than the lock file.

    """
    paths = [_cached_path(cache, artifact) for artifact in artifacts]
    if not all(path.exists() for path in paths):
        with _exclusive(cache):
            meter = _Meter(sum(artifact.size_bytes for artifact in artifacts), on_progress)
            for artifact, path in zip(artifacts, paths, strict=True):
                if path.exists():
                    meter.advance(artifact.size_bytes)
                else:
                    _download(artifact, path, cache, meter)
    return paths


def unpack(archive: Path, cache: Path) -> Path:
    """Return the folder with the content of a checked `.tar.gz` of the cache; unpacked on first use."""
    target = archive.parent / "content"
    if not target.exists():
        with _exclusive(cache), _staging(cache) as staging:
            if not target.exists():
                with tarfile.open(archive) as tar:
                    if hasattr(tarfile, "data_filter"):  # from 3.11.4 on; Debian 12 has 3.11.2
                        tar.extraction_filter = tarfile.data_filter
                    tar.extractall(staging / "content")  # noqa: S202 - the archive is the locked one
                (staging / "content").rename(target)
    return target


def _cached_path(cache: Path, artifact: Artifact) -> Path:
    return cache / "artifacts" / artifact.sha256[:16] / artifact.filename


def _download(artifact: Artifact, path: Path, cache: Path, meter: "_Meter") -> None:
    with _staging(cache) as staging:
        fetched = _resolve(artifact, staging, meter)
        with fetched.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual != artifact.sha256:
            raise ChecksumMismatch(
                f"{artifact.filename}: SHA-256 is {actual}, the lock file says {artifact.sha256}; "
                "nothing was kept, try again or check the mirror"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        fetched.rename(path)


def _resolve(artifact: Artifact, staging: Path, meter: "_Meter") -> Path:
    _use_system_certificates()
    mirror = os.environ.get(REPOSITORY_VARIABLE)
    context = MavenContext(
        resolver=PythonResolver(progress_callback=meter.file),
        repo_cache=staging,
        local_repos=[],
        remote_repos={"mirror": mirror.rstrip("/")} if mirror else None,
        timeout=CONNECTION_TIMEOUT_S,
    )
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    try:
        path = component.artifact(artifact.classifier, artifact.packaging).resolve()
    except (requests.RequestException, RuntimeError) as exc:
        raise DownloadFailed(
            f"{artifact.filename} could not be downloaded: {exc}; {REPOSITORY_VARIABLE} names another Maven repository"
        ) from exc
    return Path(path)


def _use_system_certificates() -> None:
    """Give `requests` the system's authorities: a machine with a private one has it there, not in its own list."""
    system = ssl.get_default_verify_paths().cafile
    if system:
        os.environ.setdefault("REQUESTS_CA_BUNDLE", system)


class _Meter:
    """Adds up what several downloads have brought."""

    def __init__(self, total_bytes: int, on_progress: OnProgress | None) -> None:
        self._total_bytes = total_bytes
        self._done_bytes = 0
        self._shown_percent = 0
        self._on_progress = on_progress

    def advance(self, count_bytes: int) -> None:
        self._done_bytes += count_bytes
        percent = self._done_bytes * 100 // self._total_bytes
        if self._on_progress and percent > self._shown_percent:
            self._shown_percent = percent
            self._on_progress(percent)

    @contextlib.contextmanager
    def file(self, _filename: str, _size_bytes: int) -> Iterator[Callable[[int], None]]:
        """Serve as the progress callback of jgo's resolver."""
        yield self.advance


@contextlib.contextmanager
def _exclusive(cache: Path) -> Iterator[None]:
    """One downloader at a time for a user, so that a left-over staging folder is known to be stale."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(cache / "staging", ignore_errors=True)
        yield


@contextlib.contextmanager
def _staging(cache: Path) -> Iterator[Path]:
    base = cache / "staging"
    base.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base) as folder:
        yield Path(folder)
