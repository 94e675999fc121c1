from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from spoton_ingest.decode import decode
from spoton_ingest.probe import probe

MakeVideo = Callable[..., Path]


def _grey(jpeg: bytes) -> float:
    return float(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).mean())


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_the_wanted_frames_come_and_no_others(make_video: MakeVideo, name: str) -> None:
    path = make_video(name, range(0, 800, 40))
    pts = probe(path).timing.pts
    pictures = list(decode(path, [pts[0], pts[3], pts[17]], 90, 1))
    assert [p.pts for p in pictures] == [pts[0], pts[3], pts[17]]
    assert [(p.width, p.height) for p in pictures] == [(64, 48)] * 3
    for picture, frame in zip(pictures, (0, 3, 17), strict=True):
        assert abs(_grey(picture.jpeg) - (10 + 7 * frame) % 240) < 6


def test_all_frames_of_an_avi_come(make_video: MakeVideo) -> None:
    path = make_video("a.avi", range(20), codec="mpeg4", time_base=Fraction(1, 25))
    pts = probe(path).timing.pts
    assert [p.pts for p in decode(path, pts, 90, 2)] == list(pts)


def test_colours_are_bgr_for_opencv(make_video: MakeVideo) -> None:
    path = make_video("a.mp4", range(0, 200, 40), colour=(200, 60, 20))
    (picture,) = decode(path, probe(path).timing.pts[:1], 90, 1)
    blue, green, red = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR).mean((0, 1))
    assert blue > 180
    assert green < 80
    assert red < 40


def test_a_truncated_video_gives_its_frames_up_to_there(truncated: Path) -> None:
    pts = probe(truncated).timing.pts
    pictures = list(decode(truncated, pts, 90, 1))
    assert len(pts) - 2 <= len(pictures) <= len(pts)
    assert [p.pts for p in pictures] == list(pts[: len(pictures)])


def test_a_damaged_middle_is_left_out(make_video: MakeVideo) -> None:
    path = make_video("a.mp4", range(0, 2000, 40), gop=5)
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    for packet in packets[20:23]:
        data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(data)
    pts = probe(path).timing.pts
    pictures = list(decode(path, pts, 90, 1))
    assert 40 <= len(pictures) < 50
    assert pictures[-1].pts == pts[-1]


def test_a_rotated_video_is_upright(make_video: MakeVideo) -> None:
    path = make_video("a.mp4", range(0, 200, 40))
    data = path.read_bytes()
    track = data.index(b"tkhd")
    identity = (0x10000).to_bytes(4, "big") + bytes(12) + (0x10000).to_bytes(4, "big")
    quarter = bytes(4) + (0x10000).to_bytes(4, "big") + bytes(4) + (0xFFFF0000).to_bytes(4, "big") + bytes(4)
    at = data.index(identity, track)
    path.write_bytes(data[:at] + quarter + data[at + 20 :])
    (picture,) = decode(path, probe(path).timing.pts[:1], 90, 1)
    assert (picture.width, picture.height) == (48, 64)


def test_nothing_wanted_nothing_opened(tmp_path: Path) -> None:
    assert list(decode(tmp_path / "missing.mp4", [], 90, 1)) == []
