from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from spoton_ingest.errors import UnusableVideo
from spoton_ingest.probe import probe

MakeVideo = Callable[..., Path]


def _times_ms(path: Path) -> list[float]:
    timing = probe(path).timing
    return [round(float(1000 * (pts - timing.pts[0]) * timing.time_base)) for pts in timing.pts]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov", "a.avi"])
def test_a_constant_rate(make_video: MakeVideo, name: str) -> None:
    options = {"codec": "mpeg4", "time_base": Fraction(1, 25)} if name == "a.avi" else {}
    step = 1 if name == "a.avi" else 40
    video = probe(make_video(name, range(0, 20 * step, step), **options))
    assert len(video.timing.pts) == 20
    assert video.timing.duration_s() == Fraction(20, 25)
    assert (video.width, video.height) == (64, 48)
    assert video.codec in ("h264", "mpeg4")
    assert video.intended_duration_s is None


def test_a_variable_rate(make_video: MakeVideo) -> None:
    assert _times_ms(make_video("vfr.mp4", [0, 40, 75, 130, 400, 440])) == [0, 40, 75, 130, 400, 440]


def test_a_truncated_video_knows_its_intended_duration(truncated: Path) -> None:
    video = probe(truncated)
    assert 10 < len(video.timing.pts) < 50
    assert video.intended_duration_s == 2


def test_a_file_that_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("this is no video\n" * 100)
    with pytest.raises(UnusableVideo, match="not a video"):
        probe(path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    with pytest.raises(UnusableVideo, match="not a video"):
        probe(path)


def test_a_video_without_its_index(make_video: MakeVideo) -> None:
    path = make_video("a.mp4", range(0, 2000, 40))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(UnusableVideo, match="damaged"):
        probe(path)


def test_sound_alone(audio_only: Path) -> None:
    with pytest.raises(UnusableVideo, match="no video stream"):
        probe(audio_only)


def test_no_frames(make_video: MakeVideo) -> None:
    with pytest.raises(UnusableVideo, match=r"no frames|no video stream|not a video"):
        probe(make_video("none.mkv", []))


def test_a_codec_that_is_not_known(make_video: MakeVideo) -> None:
    path = make_video("a.mp4", range(0, 400, 40))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"xyz1").replace(b"avcC", b"xyzC"))
    with pytest.raises(UnusableVideo, match="codec"):
        probe(path)
