"""What is found in uploaded files, and what hostile ones come to."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from spoton_gateway.errors import GatewayError, StorageFull, TooLarge, UnsupportedMedia, UnusableUpload
from spoton_gateway.uploads import incoming
from spoton_gateway.uploads.incoming import Incoming, sweep
from spoton_gateway.uploads.limits import Clip, Limits
from spoton_gateway.uploads.names import named_format, shown_name
from spoton_gateway.uploads.probing import probe
from spoton_gateway.uploads.settings import UploadSettings

MAX_PIXELS = 3840 * 2160
LIMITS = Limits.of(UploadSettings())
CLIP = Clip("mp4", "h264", 640, 360, 50, 2.0, 25.0)


def look(path: Path) -> Clip:
    return asyncio.run(probe(path, MAX_PIXELS, 20.0))


@pytest.mark.parametrize(("name", "sound"), [("a.mp4", False), ("a.mp4", True), ("a.mov", True), ("a.avi", False)])
def test_videos_are_measured(make_clip: Callable[..., Path], name: str, sound: bool) -> None:
    clip = look(make_clip(name, frames=50, codec="mpeg4", sound=sound))
    assert (clip.container, clip.codec, clip.width, clip.height) == (name[-3:], "mpeg4", 64, 48)
    assert (clip.frames, clip.fps) == (50, 25.0)
    assert clip.duration_s == pytest.approx(2.0, abs=0.001)


def empty(path: Path, _whole: bytes) -> Path:
    path.touch()
    return path


def text(path: Path, _whole: bytes) -> Path:
    path.write_text("this is not a video\n" * 100)
    return path


def playlist(path: Path, _whole: bytes) -> Path:
    """FFmpeg would follow it to files and addresses of this machine."""
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")
    return path


def truncated_front(path: Path, whole: bytes) -> Path:
    path.write_bytes(whole[: len(whole) * 7 // 10])
    return path


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (empty, UnusableUpload, "empty"),
        (text, UnsupportedMedia, "whatever its name says"),
        (playlist, UnsupportedMedia, "whatever its name says"),
        (truncated_front, UnusableUpload, r"ends after 1\.\d\d s of 2\.00 s"),
    ],
)
def test_hostile_files_are_refused_with_a_sentence(
    make_clip: Callable[..., Path],
    tmp_path: Path,
    make: Callable[[Path, bytes], Path],
    error: type[GatewayError],
    message: str,
) -> None:
    whole = make_clip("whole.mp4", frames=50, options={"movflags": "faststart"}).read_bytes()
    with pytest.raises(error, match=message):
        look(make(tmp_path / "hostile.mp4", whole))


@pytest.mark.parametrize(("kind", "message"), [("index", "damaged|memory|no frames"), ("packed", "damaged|memory")])
def test_bombs_cost_a_process_and_nothing_else(make_bomb: Callable[[str], Path], kind: str, message: str) -> None:
    with pytest.raises(UnusableUpload, match=message):
        look(make_bomb(kind))


def test_a_file_whose_end_is_missing_with_its_index(make_clip: Callable[..., Path]) -> None:
    path = make_clip("a.mp4", frames=50)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UnusableUpload, match=r"damaged|no frames"):
        look(path)


def test_sound_alone(make_clip: Callable[..., Path]) -> None:
    with pytest.raises(UnusableUpload, match="only sound"):
        look(make_clip("a.mp4", frames=None, sound=True))


def test_no_frames(make_clip: Callable[..., Path]) -> None:
    with pytest.raises(UnusableUpload, match="nothing at all"):
        look(make_clip("a.mp4", frames=0))


def test_four_thousand_frames_a_second(make_clip: Callable[..., Path]) -> None:
    clip = look(make_clip("a.mp4", frames=20, fps=4000))
    with pytest.raises(UnusableUpload, match="4000 frames a second, more than 60"):
        LIMITS.check(clip, "mp4")


def test_pictures_that_are_announced_as_huge(make_jpegs: Callable[..., Path]) -> None:
    with pytest.raises(UnusableUpload, match=r"16384 x 16384|unknown size"):
        look(make_jpegs("a.avi", announced=(16384, 16384), true=(16384, 16384)))


def test_pictures_that_turn_out_huge(make_jpegs: Callable[..., Path]) -> None:
    with pytest.raises(UnusableUpload, match=r"larger than announced|pixels"):
        look(make_jpegs("a.avi", announced=(64, 48), true=(9000, 9000)))


def test_the_time_of_a_look_is_bounded(make_clip: Callable[..., Path]) -> None:
    with pytest.raises(UnusableUpload, match="memory and time"):
        asyncio.run(probe(make_clip("a.mp4", frames=5), MAX_PIXELS, 0.001))


@pytest.mark.parametrize(
    ("change", "promised", "error", "message"),
    [
        ({}, "mp4", None, ""),
        ({"container": "mov"}, "mp4", None, ""),
        ({"fps": 60.0}, "mp4", None, ""),
        ({"fps": 60000 / 1001}, "mp4", None, ""),
        ({"fps": 61.0}, "mp4", UnusableUpload, "61 frames a second"),
        ({"duration_s": 3600.0}, "mp4", None, ""),
        ({"duration_s": 3600.1}, "mp4", UnusableUpload, "longer than 3600 s"),
        ({"width": 3840, "height": 2160}, "mp4", None, ""),
        ({"width": 3841, "height": 2160}, "mp4", UnusableUpload, "3841 x 2160"),
        ({"codec": "prores"}, "mp4", UnsupportedMedia, "prores"),
        ({"container": "avi"}, "mp4", UnsupportedMedia, "its name says MP4, but the file is AVI"),
        ({}, "avi", UnsupportedMedia, "its name says AVI, but the file is MP4"),
    ],
)
def test_limits(change: dict[str, object], promised: str, error: type[GatewayError] | None, message: str) -> None:
    clip = replace(CLIP, **change)  # type: ignore[arg-type]
    if error is None:
        LIMITS.check(clip, promised)
        return
    with pytest.raises(error, match=message):
        LIMITS.check(clip, promised)


def test_one_byte_is_the_difference() -> None:
    small = Limits.of_small(UploadSettings())
    small.check_size(10 * 2**20)
    with pytest.raises(TooLarge, match="10 MiB"):
        small.check_size(10 * 2**20 + 1)
    with pytest.raises(UnsupportedMedia, match="only MP4"):
        small.check_format("mov")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("clip.mp4", "clip.mp4"),
        ("../../etc/passwd.mp4", "passwd.mp4"),
        ("C:\\videos\\clip.mp4", "clip.mp4"),
        ("/absolute/../clip.mp4", "clip.mp4"),
        ("cl\0ip\r\n.mp4", "clip.mp4"),
        ("  später ☂.MP4 ", "später ☂.MP4"),
        ("x" * 500 + ".mp4", "x" * 196 + ".mp4"),
    ],
)
def test_names_are_shown_without_paths(given: str, shown: str) -> None:
    assert shown_name(given) == shown
    assert named_format(shown) == "mp4"


@pytest.mark.parametrize("name", ["clip.txt", "clip", "clip.mp4.exe", "", "..", ".mp4", "mp4", "clip.mkv"])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedMedia, match="does not end in"):
        named_format(name)


def test_what_arrives_goes_with_its_upload(tmp_path: Path) -> None:
    def fail(file: Incoming) -> None:
        file.write([b"some"])
        assert list(tmp_path.iterdir())
        raise RuntimeError

    with pytest.raises(RuntimeError), Incoming(tmp_path) as file:
        fail(file)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with Incoming(tmp_path) as file, Path("/dev/full").open("wb", buffering=0) as full:
        file._file, own = full, file._file  # type: ignore[assignment]
        with pytest.raises(StorageFull, match="no room"):
            file.write([b"x"])
        file._file = own
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept.mp4").touch()
    (tmp_path / ".incoming-dead").touch()
    assert sweep(tmp_path) == 0  # its process may not have come to lock it yet
    monkeypatch.setattr(incoming, "_YOUNG_S", -1.0)
    with Incoming(tmp_path) as alive:
        assert sweep(tmp_path) == 1
        assert alive.path.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["kept.mp4"]
