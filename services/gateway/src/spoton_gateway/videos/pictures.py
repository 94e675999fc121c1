"""The pictures of a camera's own videos, at the times at which they are wanted."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange
from spoton_schemas.bounds import MAX_PICTURE_PIXELS

from spoton_gateway.errors import VideoFailed
from spoton_gateway.videos.canvas import Canvas

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LIMITS = {"max_pixels": str(MAX_PICTURE_PIXELS)}
_BEFORE_S = 1  # AVI finds keyframes by the order of decoding, a little too late
_SAME_RATE = Fraction(1, 50)  # a header's rate this close to what was measured is the exact one


@dataclass(frozen=True, slots=True)
class Timing:
    """A video file: time of its first picture in its own units, length in seconds, pictures a second."""

    first_pts: int
    time_base: Fraction
    duration_s: Fraction
    fps: Fraction


@dataclass(frozen=True, slots=True)
class Part:
    """A sub-video of a camera: its pictures begin at scene time ``start_s``."""

    path: Path
    timing: Timing
    start_s: Fraction

    @property
    def end_s(self) -> Fraction:
        """Scene time at which its last picture is over."""
        return self.start_s + self.timing.duration_s


def look_into(path: Path, name: str) -> Timing:
    """Read a file's times without decoding it; ``VideoFailed`` names it by ``name``."""
    try:
        with av.open(str(path), stream_options=[_LIMITS]) as container:
            stream = container.streams.video[0]
            header = Fraction(stream.average_rate or stream.guessed_rate or 0)
            times, base = _packet_times(container, stream), Fraction(stream.time_base)
    except (FFmpegError, IndexError, UnicodeDecodeError) as error:
        raise VideoFailed(f"the video {name} can no longer be read") from error
    if not times:
        raise VideoFailed(f"the video {name} has no pictures")
    gaps = [later - earlier for earlier, later in pairwise(times)]
    interval_s = median_low(gaps) * base if gaps else (1 / header if header else Fraction(1, 25))
    length_s = (times[-1] - times[0]) * base
    measured = len(gaps) / length_s if length_s else 1 / interval_s
    fps = header if header and abs(header / measured - 1) < _SAME_RATE else measured
    return Timing(times[0], base, length_s + interval_s, fps)


def _packet_times(container: "av.container.InputContainer", stream: "av.video.stream.VideoStream") -> list[int]:
    times = set()
    try:
        for packet in container.demux(stream):
            time = packet.pts if packet.pts is not None else packet.dts
            if time is not None and packet.size and not packet.is_discard:
                times.add(time)
    except FFmpegError:
        pass  # cut off: what comes before still counts, as for ingest
    return sorted(times)


class Pictures:
    """Shows the newest picture at growing times; between and behind the videos the last one stays."""

    def __init__(self, parts: Sequence[Part], width: int, height: int, *, wide: bool) -> None:
        self._parts = list(parts)
        self._size = (width, height)
        self._wide = wide
        self._shown: Canvas | None = None
        self._shown_frame: av.VideoFrame | None = None
        self._next: tuple[Fraction, av.VideoFrame] | None = None
        self._decoding: Iterator[tuple[Fraction, av.VideoFrame]] | None = None

    def at(self, time_s: Fraction, tolerance_s: Fraction) -> Canvas | None:
        """Return the newest picture at a time, or at most ``tolerance_s`` later; None before the first one."""
        if self._decoding is None:
            self._decoding = self._frames(time_s)
            self._next = next(self._decoding, None)
        newest = None
        while self._next is not None and self._next[0] <= time_s + tolerance_s:
            newest = self._next[1]
            self._next = next(self._decoding, None)
        if newest is not None:
            self._shown = self._canvas(newest)
        return self._shown

    def _frames(self, from_s: Fraction) -> Iterator[tuple[Fraction, "av.VideoFrame"]]:
        for part in self._parts:
            if part.end_s > from_s:
                yield from _decode(part, from_s)

    def _canvas(self, frame: "av.VideoFrame") -> Canvas:
        turns = round(frame.rotation / 90) % 4
        width, height = self._size if turns % 2 == 0 else self._size[::-1]
        is_full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
        if is_full or (frame.width, frame.height, frame.format.name) != (width, height, "yuv420p"):
            source = ColorRange.JPEG if is_full else ColorRange.MPEG
            frame = frame.reformat(
                *(width, height, "yuv420p"),
                interpolation="BILINEAR",
                src_color_range=source,
                dst_color_range=ColorRange.MPEG,
            )
        memory: NDArray[np.uint8] = frame.to_ndarray()
        canvas = Canvas.over(memory, wide=self._wide)
        if not turns:
            return canvas
        y, u, v = (np.rot90(plane, turns) for plane in (canvas.y, canvas.u, canvas.v))
        return Canvas(y, u, v, self._wide)


def _decode(part: Part, from_s: Fraction) -> Iterator[tuple[Fraction, "av.VideoFrame"]]:
    """Yield a file's pictures with their scene times, from some before ``from_s``; what is damaged is left out."""
    timing = part.timing
    with av.open(str(part.path), stream_options=[_LIMITS]) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.options = _LIMITS
        skipped_s = from_s - part.start_s - _BEFORE_S
        if skipped_s > 0:
            with suppress(FFmpegError):  # a file without an index is decoded from its beginning
                container.seek(timing.first_pts + int(skipped_s / timing.time_base), stream=stream)
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                frames = packet.decode()
            except FFmpegError:
                continue
            for frame in frames:
                time = frame.pts if frame.pts is not None else frame.dts
                if time is not None:
                    yield part.start_s + (time - timing.first_pts) * timing.time_base, frame
