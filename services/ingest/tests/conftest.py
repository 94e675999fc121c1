"""Tiny videos whose frames can be told apart: frame i is of one grey, ``10 + 7 * i % 240``."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

MakeVideo = Callable[..., Path]


def _write(
    path: Path,
    pts: Sequence[int],
    time_base: Fraction = Fraction(1, 1000),
    rate: int = 25,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    gop: int = 12,
    colour: tuple[int, int, int] | None = None,
) -> Path:
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = time_base
        stream.time_base = time_base
        stream.gop_size = gop
        for i, time in enumerate(pts):
            image = np.full((size[1], size[0], 3), colour or (10 + 7 * i) % 240, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = time, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def make_video(tmp_path: Path) -> MakeVideo:
    """Write a video: ``make_video("a.mp4", pts, time_base=…, …)``; 25 fps unless told, times in milliseconds."""

    def make(name: str, pts: Sequence[int], **options: object) -> Path:
        return _write(tmp_path / name, pts, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def audio_only(tmp_path: Path) -> Path:
    path = tmp_path / "audio.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def truncated(make_video: MakeVideo) -> Path:
    """50 frames announced at the front of the file (2 s at 25 fps), of which the last third is cut off."""
    whole = make_video("whole.mp4", range(0, 2000, 40), options={"movflags": "faststart"}, gop=5)
    data = whole.read_bytes()
    path = whole.with_name("truncated.mp4")
    path.write_bytes(data[: len(data) * 85 // 100])
    return path
