import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from spoton_local import downloads
from spoton_local.downloads import Artifact, cache_dir, fetch, locked_artifacts, unpack
from spoton_local.errors import ChecksumMismatch

CONTENT = b"a jar" * 100


def artifact(content: bytes = CONTENT, packaging: str = "jar") -> Artifact:
    return Artifact(
        group="org.example",
        name="thing",
        version="1.0",
        classifier="all",
        packaging=packaging,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )


class Repository:
    """Stands in for the Maven repository: what it delivers, and how often it was asked."""

    def __init__(self, deliver: Callable[[Path], None]) -> None:
        self.deliver = deliver
        self.asked = 0

    def __call__(self, wanted: Artifact, staging: Path, meter: downloads._Meter) -> Path:
        self.asked += 1
        path = staging / wanted.filename
        self.deliver(path)
        meter.advance(path.stat().st_size)
        return path


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(lambda path: path.write_bytes(CONTENT) and None)
    monkeypatch.setattr(downloads, "_resolve", repository)
    return repository


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "lock")


def test_a_second_fetch_downloads_nothing(tmp_path: Path, repository: Repository) -> None:
    shown: list[int] = []
    [first] = fetch([artifact()], tmp_path, shown.append)
    [second] = fetch([artifact()], tmp_path)
    assert first == second
    assert first.read_bytes() == CONTENT
    assert first.name == "thing-1.0-all.jar"
    assert repository.asked == 1
    assert shown == [100]


def test_a_file_with_another_checksum_is_refused_and_not_kept(tmp_path: Path, repository: Repository) -> None:
    repository.deliver = lambda path: path.write_bytes(b"something else") and None
    with pytest.raises(ChecksumMismatch, match=r"thing-1\.0-all\.jar: SHA-256 is .* the lock file says"):
        fetch([artifact()], tmp_path)
    assert files_below(tmp_path) == []


def test_an_interrupted_download_leaves_nothing_and_can_be_repeated(tmp_path: Path, repository: Repository) -> None:
    def half(path: Path) -> None:
        path.write_bytes(CONTENT[:50])
        raise KeyboardInterrupt

    repository.deliver = half
    with pytest.raises(KeyboardInterrupt):
        fetch([artifact()], tmp_path)
    assert files_below(tmp_path) == []
    repository.deliver = lambda path: path.write_bytes(CONTENT) and None
    assert fetch([artifact()], tmp_path)[0].read_bytes() == CONTENT


def test_what_a_killed_download_left_is_cleared_by_the_next(tmp_path: Path, repository: Repository) -> None:
    left = tmp_path / "staging" / "tmp1" / "thing-1.0-all.jar"
    left.parent.mkdir(parents=True)
    left.write_bytes(CONTENT[:50])
    [path] = fetch([artifact()], tmp_path)
    assert path.read_bytes() == CONTENT
    assert not left.exists()
    assert repository.asked == 1


def test_an_archive_is_unpacked_once(tmp_path: Path, repository: Repository) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("app/run.jar")
        member.size = len(CONTENT)
        tar.addfile(member, io.BytesIO(CONTENT))
    repository.deliver = lambda path: path.write_bytes(buffer.getvalue()) and None
    [archive] = fetch([artifact(buffer.getvalue(), "tar.gz")], tmp_path)
    folder = unpack(archive, tmp_path)
    assert (folder / "app" / "run.jar").read_bytes() == CONTENT
    archive.write_bytes(b"")
    assert unpack(archive, tmp_path) == folder


@pytest.mark.parametrize("server", ["kafka", "registry"])
def test_every_locked_artifact_has_a_version_and_a_checksum(server: str) -> None:
    for entry in locked_artifacts(server):
        assert entry.version
        assert len(bytes.fromhex(entry.sha256)) == 32
        assert entry.size_bytes > 0


def test_all_of_kafka_is_of_one_version() -> None:
    versions = {entry.version for entry in locked_artifacts("kafka") if entry.group == "org.apache.kafka"}
    assert len(versions) == 1


def test_the_cache_follows_xdg(tmp_path: Path) -> None:
    assert cache_dir({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "spoton"
    assert cache_dir({}) == Path.home() / ".cache" / "spoton"
