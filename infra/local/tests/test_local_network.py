"""What needs a socket but no server of the stack."""

import hashlib
import importlib.util
import socket
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from spoton_local.downloads import Artifact, fetch
from spoton_local.errors import ChecksumMismatch, DownloadFailed, PortInUse
from spoton_local.ports import require_free

pytestmark = pytest.mark.integration

Serve = Callable[[Path], str]
CONTENT = b"a jar" * 10_000
PATH = "org/example/thing/1.0/thing-1.0.jar"


@pytest.fixture
def repository(tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    (folder / PATH).parent.mkdir(parents=True)
    monkeypatch.setenv("SPOTON_LOCAL_MAVEN_URL", serve(folder))
    return folder


def artifact() -> Artifact:
    return Artifact("org.example", "thing", "1.0", "", "jar", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


def kept(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file() and path.name != "lock"]


def test_an_artifact_of_a_mirror(repository: Path, tmp_path: Path) -> None:
    (repository / PATH).write_bytes(CONTENT)
    shown: list[int] = []
    [path] = fetch([artifact()], tmp_path / "cache", shown.append)
    assert path.read_bytes() == CONTENT
    assert shown[-1] == 100
    assert len(shown) > 2


def test_a_connection_that_breaks_halfway_leaves_nothing(repository: Path, tmp_path: Path) -> None:
    (repository / PATH).with_name("thing-1.0.jar.cut").write_bytes(CONTENT)
    with pytest.raises(DownloadFailed, match=r"thing-1\.0\.jar could not be downloaded"):
        fetch([artifact()], tmp_path / "cache")
    assert kept(tmp_path / "cache") == []


def test_a_mirror_with_another_file(repository: Path, tmp_path: Path) -> None:
    (repository / PATH).write_bytes(CONTENT + b"!")
    with pytest.raises(ChecksumMismatch):
        fetch([artifact()], tmp_path / "cache")
    assert kept(tmp_path / "cache") == []


def test_a_mirror_without_the_file(repository: Path, tmp_path: Path) -> None:
    assert not (repository / PATH).exists()
    with pytest.raises(DownloadFailed, match="SPOTON_LOCAL_MAVEN_URL"):
        fetch([artifact()], tmp_path / "cache")


def test_a_port_in_use_names_the_port_the_holder_and_the_setting() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port} is already used by .*\(pid .*SPOTON_LOCAL_REDIS_PORT"):
            require_free("redis", port)
    require_free("redis", port)


def test_uv_comes_from_the_index_where_pip_is_missing(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("get_uv", Path(__file__).parents[2] / "get_uv.py")
    assert spec is not None
    assert spec.loader is not None
    get_uv = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(get_uv)

    wheel = tmp_path / "index" / "files" / "uv.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"uv-{get_uv.VERSION}.data/scripts/uv", "#!/bin/sh\necho I am uv\n")
    (tmp_path / "index" / "simple" / "uv").mkdir(parents=True)
    (tmp_path / "index" / "simple" / "uv" / "index.html").write_text('<a href="../../files/uv.whl#sha256=0">uv</a>')
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    monkeypatch.setenv("PIP_INDEX_URL", serve(tmp_path / "index") + "/simple")
    monkeypatch.setattr(get_uv, "wheel_for_this_machine", lambda: ("uv.whl", sha256))
    monkeypatch.setattr(get_uv.sys, "executable", "/bin/false")  # as a Python without pip

    get_uv.install(tmp_path / "out" / "uv")
    assert subprocess.check_output([tmp_path / "out" / "uv"], text=True) == "I am uv\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["uv"]
