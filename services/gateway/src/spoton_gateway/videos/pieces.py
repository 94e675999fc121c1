"""A video as it grows: pieces in a work folder, each whole or not there, joined at the end without encoding again.

Every piece begins with a keyframe and has no pictures that refer to later ones, so that pictures, packets and times are
the same row of numbers and joining is copying.
"""

import errno
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import msgspec
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from spoton_gateway.errors import VideoFailed
from spoton_gateway.videos.plan import Layout, Timeline

_PRESET, _QUALITY = "veryfast", "23"  # what x264 calls crf: hardly to be told from the original at this size
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PLAN = "plan.json"


@contextmanager
def room_in(folder: Path) -> Iterator[None]:
    """Turn what a full disk raises into a sentence: ``VideoFailed``."""
    try:
        yield
    except (OSError, FFmpegError) as error:
        if error.errno not in _FULL:
            raise
        raise VideoFailed(f"there is no room left for videos in {folder.name}") from error


class WorkFolder:
    """The pieces of one video; those that fit its plan survive the process that made them."""

    def __init__(self, folder: Path, plan: object) -> None:
        self.path = folder
        self._plan = msgspec.json.encode({"plan": plan, "encoder": [av.__version__, _PRESET, _QUALITY]})

    def open(self) -> None:
        """Make the folder, or take it over from a process that was killed at the same video."""
        with room_in(self.path.parent):
            if not self._fits():
                self.remove()
                self.path.mkdir(parents=True)
                (self.path / _PLAN).write_bytes(self._plan)

    def _fits(self) -> bool:
        try:
            return (self.path / _PLAN).read_bytes() == self._plan
        except OSError:
            return False

    def piece(self, index: int) -> Path:
        """Return where a piece lies once it is whole."""
        return self.path / f"piece-{index:05}.mp4"

    def has(self, index: int) -> bool:
        """Tell whether a piece is there already."""
        return self.piece(index).exists()

    def remove(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.path, ignore_errors=True)


class PieceWriter:
    """Encodes one piece: H.264, ``yuv420p``, a keyframe at the beginning and every two seconds; a context manager."""

    def __init__(self, path: Path, layout: Layout, timeline: Timeline) -> None:
        # A process that was taken for dead may still be at the same piece: each writes a file of its own.
        self._path, self._partial = path, path.with_suffix(f".{uuid.uuid4().hex}.part")
        self._count = 0
        with room_in(path.parent):
            self._container = av.open(str(self._partial), "w", format="mp4")
        stream = self._stream = self._container.add_stream("libx264", rate=timeline.fps)
        stream.width, stream.height, stream.pix_fmt = layout.width, layout.height, "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / timeline.fps
        context.thread_count = 1
        context.gop_size = timeline.keyframe_every
        context.options = {"preset": _PRESET, "crf": _QUALITY, "bf": "0", "sc_threshold": "0"}

    def __enter__(self) -> Self:
        return self

    def write(self, memory: NDArray[np.uint8]) -> None:
        """Add a picture, (h * 3 / 2, w) in 4:2:0."""
        frame = av.VideoFrame.from_ndarray(memory, format="yuv420p")
        frame.pts, frame.time_base = self._count, self._stream.codec_context.time_base
        self._count += 1
        with room_in(self._path.parent):
            self._container.mux(self._stream.encode(frame))

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                with room_in(self._path.parent):
                    self._container.mux(self._stream.encode(None))
                    self._container.close()
                    self._partial.replace(self._path)
            else:
                with suppress(OSError, FFmpegError):  # what was wrong is on its way already
                    self._container.close()
        finally:
            self._partial.unlink(missing_ok=True)


def join(work: WorkFolder, timeline: Timeline) -> Path:
    """Copy all pieces into one file whose index comes first, so that players begin before all of it is there."""
    joined = work.path / f"joined-{uuid.uuid4().hex}.mp4"
    with room_in(work.path), av.open(str(joined), "w", options={"movflags": "+faststart"}) as out:
        stream = None
        for index, pictures in enumerate(timeline.pieces()):
            with av.open(str(work.piece(index))) as piece:
                source = piece.streams.video[0]
                stream = stream or out.add_stream_from_template(source)
                written = _copy(piece, source, stream, out, pictures.start, 1 / timeline.fps)
            if written != len(pictures):
                work.piece(index).unlink()
                raise VideoFailed("a piece of the video was damaged; ask for it again")
    return joined


def _copy(
    piece: "av.container.InputContainer",
    source: "av.video.stream.VideoStream",
    stream: "av.video.stream.VideoStream",
    out: "av.container.OutputContainer",
    first: int,
    time_base: Fraction,
) -> int:
    count = 0
    for packet in piece.demux(source):
        if packet.size:
            packet.pts = packet.dts = first + count
            packet.time_base, packet.duration, packet.stream = time_base, 1, stream
            out.mux(packet)
            count += 1
    return count
