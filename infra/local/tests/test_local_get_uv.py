import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "get_uv.py"
WHEEL = "uv-0.13.8-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"


@pytest.fixture
def get_uv() -> ModuleType:
    spec = importlib.util.spec_from_file_location("get_uv", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_link_of_an_html_index(get_uv: ModuleType) -> None:
    page = f'<html><a href="../../packages/ab/{WHEEL}#sha256=00">x</a><a href="uv-0.1.tar.gz">y</a></html>'
    assert get_uv.find_link(page, "text/html; charset=utf-8", WHEEL) == f"../../packages/ab/{WHEEL}#sha256=00"
    assert get_uv.find_link(page, "text/html", "other.whl") is None


def test_a_link_of_a_json_index(get_uv: ModuleType) -> None:
    page = '{"files": [{"filename": "%s", "url": "https://files.example/x"}]}' % WHEEL  # noqa: UP031
    link = get_uv.find_link(page, "application/vnd.pypi.simple.v1+json", WHEEL)
    assert link == "https://files.example/x"


def test_a_wheel_with_another_checksum_is_refused(get_uv: ModuleType, tmp_path: Path) -> None:
    wheel = tmp_path / WHEEL
    wheel.write_bytes(b"not uv")
    with pytest.raises(get_uv.CannotGetUv, match=r"has SHA-256 .* not used"):
        get_uv.check(wheel, "00")


def test_an_unknown_machine_is_named(get_uv: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_uv.platform, "machine", lambda: "riscv64")
    with pytest.raises(get_uv.CannotGetUv, match="riscv64"):
        get_uv.wheel_for_this_machine()


def test_every_pinned_wheel_is_of_the_pinned_version(get_uv: ModuleType) -> None:
    for filename, sha256 in get_uv.WHEELS.values():
        assert filename.startswith(f"uv-{get_uv.VERSION}-")
        assert len(bytes.fromhex(sha256)) == 32


def test_the_makefile_names_the_same_version(get_uv: ModuleType) -> None:
    makefile = (SCRIPT.parents[1] / "Makefile").read_text()
    assert f".local/uv/{get_uv.VERSION}/uv" in makefile


def test_credentials_are_not_shown(get_uv: ModuleType) -> None:
    assert get_uv.without_credentials("https://me:secret@mirror.example/simple") == "https://mirror.example/simple"
