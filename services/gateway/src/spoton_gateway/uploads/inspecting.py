"""A look into an untrusted video: ``python -m spoton_gateway.uploads.inspecting FILE MAX_PIXELS``, which may die.

Prints one JSON object: the fields of ``Clip``, or ``{"refusal": kind, "detail": sentence}``. FFmpeg reads what anyone
may have made up: tables of a billion frames, packed headers, pictures far larger than announced. So the process has a
bounded memory and time of its own, only two demuxers are ever asked, and these may open no other file or address.
"""

import json
import resource
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where the limits on memory and time are in force
    import av

_MEMORY_BYTES = 2 << 30  # one decoded 4K picture with its references is 200 MB, the libraries are mapped with 700 MB
_CPU_S = 30
_MP4_ATOMS = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_END_PLAY_S = Fraction(1, 10)


class Refused(Exception):
    """The file cannot be accepted: ``kind`` is ``unsupported`` or ``unusable``."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


def inspect(path: Path, max_pixels: int) -> dict[str, object]:
    """Return the fields of ``Clip``; ``Refused`` with a sentence for people."""
    import av
    from av.error import FFmpegError

    demuxer = _demuxer(path)
    options = {"protocol_whitelist": "file"}
    try:
        with av.open(str(path), format=demuxer, container_options=options, metadata_errors="replace") as container:
            stream = _video_stream(container)
            found = _measure(container, stream, max_pixels)
        with av.open(str(path), format=demuxer, container_options=options, metadata_errors="replace") as container:
            _decode_first(container, _video_stream(container), max_pixels)
    except (FFmpegError, MemoryError, ValueError) as error:
        raise Refused("unusable", f"the file is damaged, or no video ({_reason(error)})") from error
    return found


def _demuxer(path: Path) -> str:
    """Tell the container by its first bytes; nothing but these two is tried, whatever the file claims to be."""
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        raise Refused("unusable", "the file is empty")
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[4:8] in _MP4_ATOMS:
        return "mov"
    raise Refused("unsupported", "the file is no MP4, MOV or AVI, whatever its name says")


def _video_stream(container: "av.container.InputContainer") -> "av.video.stream.VideoStream":
    # A picture of the cover is a stream of one picture, but no video.
    streams = [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]
    if not streams:
        raise Refused("unusable", "the file holds no video, only sound or nothing at all")
    if streams[0].codec_context is None:
        raise Refused("unsupported", "the video's codec is not known here")
    return streams[0]


def _measure(
    container: "av.container.InputContainer", stream: "av.video.stream.VideoStream", max_pixels: int
) -> dict[str, object]:
    context = stream.codec_context
    if not 0 < context.width * context.height <= max_pixels:
        size = f"{context.width} x {context.height} pixels" if context.width else "an unknown size"
        raise Refused("unusable", f"its pictures have {size}; at most {max_pixels} pixels are accepted")
    times = sorted(set(_packet_times(container, stream)))
    if not times:
        raise Refused("unusable", "the video has no frames")
    base = Fraction(stream.time_base)
    span_s = (times[-1] - times[0]) * base
    header_fps = Fraction(stream.average_rate or stream.guessed_rate or 0)
    measured_fps = (len(times) - 1) / span_s if span_s else Fraction(0)
    fps = max(header_fps, measured_fps)
    if not fps:
        raise Refused("unusable", "its frame rate cannot be told")
    duration_s = span_s + 1 / (measured_fps or fps)
    announced_s = stream.duration * base if stream.duration else Fraction(0)
    if announced_s - duration_s > 2 / fps + _END_PLAY_S or _is_cut(stream, times):
        whole = f" of {float(announced_s):.2f} s" if announced_s > duration_s else ""
        raise Refused("unusable", f"the file ends after {float(duration_s):.2f} s{whole}: it is incomplete")
    return {
        "container": _container(container),
        "codec": context.name,
        "width": context.width,
        "height": context.height,
        "frames": len(times),
        "duration_s": round(float(duration_s), 6),
        "fps": round(float(fps), 6),
    }


def _packet_times(container: "av.container.InputContainer", stream: "av.video.stream.VideoStream") -> Iterator[int]:
    for packet in container.demux(stream):
        time = packet.pts if packet.pts is not None else packet.dts
        if time is not None and packet.size and not packet.is_discard:
            yield time


def _is_cut(stream: "av.video.stream.VideoStream", times: list[int]) -> bool:
    """Tell whether more frames were announced than there are; a few that share a time or are left out are no cut."""
    announced = int(stream.frames)
    return announced - len(times) > max(2, announced // 100)


def _decode_first(
    container: "av.container.InputContainer", stream: "av.video.stream.VideoStream", max_pixels: int
) -> None:
    """Open one picture: a header alone proves nothing, and may tell another size than the pictures have."""
    from av.error import FFmpegError

    stream.thread_type = "NONE"
    stream.codec_context.options = {"max_pixels": str(max_pixels)}
    for packet in container.demux(stream):
        try:
            if packet.decode():
                return
        except FFmpegError:
            continue
    raise Refused("unusable", "no frame of the video can be decoded, or its pictures are larger than announced")


def _container(container: "av.container.InputContainer") -> str:
    if container.format.name == "avi":
        return "avi"
    return "mov" if container.metadata.get("major_brand", "qt").strip() == "qt" else "mp4"


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)


def main(arguments: list[str]) -> int:
    """Answer on standard output; the status is 0 whenever there is an answer."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    path, max_pixels = Path(arguments[0]), int(arguments[1])
    try:
        answer = inspect(path, max_pixels)
    except Refused as refusal:
        answer = {"refusal": refusal.kind, "detail": str(refusal)}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
