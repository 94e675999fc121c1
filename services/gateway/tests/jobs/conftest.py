"""Clips to send: good ones, and those that only look like it."""

import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[..., Path]:
    """Write a grey video of 64 x 48: ``make_clip("a.mp4", frames=50, …)``; ``frames=None``: without that stream."""

    def make(
        name: str,
        frames: int | None = 25,
        *,
        fps: int = 25,
        codec: str = "libx264",
        sound: bool = False,
        options: dict[str, str] | None = None,
    ) -> Path:
        return _write_clip(tmp_path / name, frames, fps, codec, sound, options or {})

    return make


@pytest.fixture(scope="session")
def write_clip() -> Callable[..., Path]:
    """Write a clip wherever one likes."""
    return _write_clip


def _write_clip(path: Path, frames: int | None, fps: int, codec: str, sound: bool, options: dict[str, str]) -> Path:
    with av.open(str(path), "w", options=options) as container:
        streams: list[Any] = []
        if frames is not None:
            stream = container.add_stream(codec, rate=fps)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            streams.append((stream, [av.VideoFrame(64, 48, "yuv420p") for _ in range(frames)]))
        if sound:
            seconds = (frames or fps) / fps
            tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            tone.sample_rate = 8000
            streams.append((container.add_stream("aac", rate=8000, layout="mono"), [tone] * int(seconds * 7)))
        container.start_encoding()
        for stream, pictures in streams:
            for index, picture in enumerate(pictures):
                picture.pts = index * (1024 if stream.type == "audio" else 1)
                picture.time_base = Fraction(1, 8000 if stream.type == "audio" else fps)
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
    return path


@pytest.fixture
def make_jpegs(tmp_path: Path) -> Callable[..., Path]:
    """Write an AVI whose header says one size and whose pictures have another."""

    def make(name: str, announced: tuple[int, int], true: tuple[int, int]) -> Path:
        small = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
        picture = small.replace(struct.pack(">HH", 48, 64), struct.pack(">HH", true[1], true[0]))
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mjpeg", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
            for index in range(3):
                packet = av.Packet(picture)
                packet.pts = packet.dts = index
                packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 25), stream, True
                container.mux(packet)
        path.write_bytes(path.read_bytes().replace(struct.pack("<II", 64, 48), struct.pack("<II", *announced)))
        return path

    return make


@pytest.fixture
def make_bomb(tmp_path: Path) -> Callable[[str], Path]:
    """Write a small file that would unpack to gigabytes: ``make_bomb("index")``, ``make_bomb("packed")``."""

    def make(kind: str) -> Path:
        path = tmp_path / f"{kind}.mp4"
        if kind == "packed":
            _write_packed_bomb(path)
        else:
            whole = _write_clip(tmp_path / "whole.mp4", 50, 25, "libx264", False, {"movflags": "faststart"})
            _write_index_bomb(path, whole.read_bytes())
        return path

    return make


def _write_index_bomb(path: Path, whole: bytes) -> None:
    """A file of some kB whose index says two thousand million frames of one byte."""
    data = bytearray(whole)
    size = data.index(b"stsz") + 8
    data[size : size + 8] = struct.pack(">II", 1, 0x7FFFFFF0)
    chunks = data.index(b"stsc") + 12
    data[chunks : chunks + 12] = struct.pack(">III", 1, 0x7FFFFFF0, 1)
    times = data.index(b"stts") + 12
    data[times : times + 4] = struct.pack(">I", 0x7FFFFFF0)
    path.write_bytes(data)


def _write_packed_bomb(path: Path) -> None:
    """A compressed header of 4 MB that unpacks to 4 GB."""
    packer = zlib.compressobj(9)
    head = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = struct.pack(">I", ((4095 << 20) % 65521) << 16 | 1)  # Adler-32 of zeros
    packed = head + block * 4094 + b"\x03\x00" + checksum
    assert zlib.decompress(head + block * 3 + b"\x03\x00" + struct.pack(">I", ((4 << 20) % 65521) << 16 | 1))

    def atom(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content) + 8) + name + content

    compressed = atom(b"dcom", b"zlib") + atom(b"cmvd", struct.pack(">I", 4095 << 20) + packed)
    path.write_bytes(atom(b"ftyp", b"qt  \0\0\0\0qt  ") + atom(b"moov", atom(b"cmov", compressed)))
