"""Small files that stand for huge pictures, or for centuries."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import simplejpeg
from spoton_ingest.decode import decode
from spoton_ingest.errors import UnusableVideo
from spoton_ingest.probe import probe


def write_mjpeg(path: Path, *jpegs: bytes, width: int = 64, height: int = 48) -> Path:
    """Write an AVI whose header says one size, whatever its pictures are."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        for index, jpeg in enumerate(jpegs):
            packet = av.Packet(jpeg)
            packet.pts = packet.dts = index
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 25), stream, True
            container.mux(packet)
    return path


def jpeg(width: int, height: int) -> bytes:
    data: bytes = simplejpeg.encode_jpeg(np.zeros((height, width, 3), np.uint8), 50)
    return data


def test_a_picture_that_turns_out_huge_is_left_out_and_the_next_one_comes(tmp_path: Path) -> None:
    path = write_mjpeg(tmp_path / "bomb.avi", jpeg(64, 48), jpeg(6000, 6000), jpeg(64, 48))
    pictures = list(decode(path, probe(path).timing.pts, 90, 1))
    assert [(picture.pts, picture.width) for picture in pictures] == [(0, 64), (2, 64)]


def test_a_file_that_announces_huge_pictures_is_refused_before_any_is_opened(tmp_path: Path) -> None:
    path = write_mjpeg(tmp_path / "large.avi", jpeg(6000, 6000), width=6000, height=6000)
    with pytest.raises(UnusableVideo, match="more than 35389440 pixels"):
        probe(path)
