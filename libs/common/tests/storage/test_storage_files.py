import os
from pathlib import Path

import pytest
from spoton_common.settings import FileAccess, S3Settings
from spoton_common.storage import InvalidUri, NotFound, OutsideRoots, RangeNotSatisfiable, Storage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "videos"
    root.mkdir()
    (root / "a.mp4").write_bytes(b"0123456789")
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    return root


def _storage(*roots: Path, roots_file: Path | None = None) -> Storage:
    return Storage(FileAccess(roots=roots, roots_file=roots_file), S3Settings())


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def _read(storage: Storage, uri: str, first: int, last: int) -> bytes:
    return b"".join([chunk async for chunk in storage.read_range(uri, first, last)])


async def test_a_file_inside_a_root_is_read(root: Path, tmp_path: Path) -> None:
    uri = (root / "a.mp4").as_uri()
    async with _storage(root) as storage:
        assert (await storage.stat(uri)).size == 10
        assert storage.local_path(uri) == root / "a.mp4"
        assert await _read(storage, uri, 3, 5) == b"345"
        assert await _read(storage, uri, 8, 100) == b"89"
        await storage.fetch(uri, tmp_path / "copy.mp4")
    assert (tmp_path / "copy.mp4").read_bytes() == b"0123456789"


async def test_the_etag_changes_with_the_content(root: Path) -> None:
    storage, uri = _storage(root), (root / "a.mp4").as_uri()
    before = await storage.stat(uri)
    (root / "a.mp4").write_bytes(b"other bytes")
    assert (await storage.stat(uri)).etag != before.etag


async def test_a_range_behind_the_end_is_refused(root: Path) -> None:
    with pytest.raises(RangeNotSatisfiable):
        await _read(_storage(root), (root / "a.mp4").as_uri(), 10, 12)


async def test_a_root_may_be_a_single_file(root: Path) -> None:
    (root / "b.mp4").write_bytes(b"b")
    storage = _storage(root / "a.mp4")
    assert (await storage.stat((root / "a.mp4").as_uri())).size == 10
    with pytest.raises(OutsideRoots):
        await storage.stat((root / "b.mp4").as_uri())


async def test_the_roots_file_is_read_at_each_use(root: Path, tmp_path: Path) -> None:
    roots_file = tmp_path / "roots"
    storage, uri = _storage(roots_file=roots_file), (root / "a.mp4").as_uri()
    with pytest.raises(OutsideRoots):
        await storage.stat(uri)
    roots_file.write_text(f"\n{root}\n")
    assert (await storage.stat(uri)).size == 10
    roots_file.write_text("")
    with pytest.raises(OutsideRoots):
        await storage.stat(uri)


async def test_without_roots_nothing_is_read(root: Path) -> None:
    with pytest.raises(OutsideRoots, match=r"a\.mp4"):
        await _storage().stat((root / "a.mp4").as_uri())


async def test_a_folder_whose_name_begins_like_a_root_is_outside(root: Path) -> None:
    sibling = root.with_name("videos-private")
    sibling.mkdir()
    (sibling / "a.mp4").touch()
    with pytest.raises(OutsideRoots):
        await _storage(root).stat((sibling / "a.mp4").as_uri())


@pytest.mark.parametrize("uri", ["file://{root}/../secret.mp4", "file://{root}/%2e%2e/secret.mp4"])
async def test_dots_do_not_lead_out(root: Path, uri: str) -> None:
    with pytest.raises(InvalidUri):
        await _storage(root).stat(uri.format(root=root))


async def test_a_symbolic_link_does_not_lead_out(root: Path, tmp_path: Path) -> None:
    (root / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    (root / "folder").symlink_to(tmp_path)
    for name in ("link.mp4", "folder/secret.mp4"):
        with pytest.raises(OutsideRoots):
            await _storage(root).stat((root / name).as_uri())


async def test_a_root_may_be_a_symbolic_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(root)
    assert (await _storage(tmp_path / "linked").stat((tmp_path / "linked" / "a.mp4").as_uri())).size == 10


async def test_a_missing_file_is_named(root: Path) -> None:
    with pytest.raises(NotFound, match=r"b\.mp4 does not exist"):
        await _storage(root).stat((root / "b.mp4").as_uri())


async def test_outside_the_roots_existence_is_not_told(root: Path, tmp_path: Path) -> None:
    with pytest.raises(OutsideRoots):
        await _storage(root).stat((tmp_path / "missing.mp4").as_uri())


async def test_what_is_no_regular_file_is_refused(root: Path) -> None:
    os.mkfifo(root / "pipe.mp4")
    (root / "folder.mp4").mkdir()
    for name in ("pipe.mp4", "folder.mp4"):
        with pytest.raises(NotFound, match="not a regular file"):
            await _storage(root).stat((root / name).as_uri())


async def test_a_failed_fetch_leaves_nothing(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "cache"
    target.mkdir()
    with pytest.raises(NotFound):
        await _storage(root).fetch((root / "b.mp4").as_uri(), target / "b.mp4")
    assert list(target.iterdir()) == []


async def test_a_file_is_kept_under_another_name_and_removed(tmp_path: Path) -> None:
    source, uri = tmp_path / "arriving", (tmp_path / "a b.mp4").as_uri()
    source.write_bytes(b"video")
    async with Storage(FileAccess(), S3Settings()) as storage:
        await storage.keep(source, uri)
        assert (tmp_path / "a b.mp4").read_bytes() == b"video"
        assert _names(tmp_path) == ["a b.mp4"]
        await storage.remove(uri)
        await storage.remove(uri)
        assert _names(tmp_path) == []
