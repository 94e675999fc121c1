"""What is in a video file, without decoding it."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError
from spoton_schemas.bounds import MAX_PICTURE_PIXELS

from spoton_ingest.errors import UnusableVideo
from spoton_ingest.sampling import VideoTiming

LIMITS = {"max_pixels": str(MAX_PICTURE_PIXELS)}
"""For decoders: a picture may turn out larger than the file's header says."""


@dataclass(frozen=True, slots=True)
class Video:
    """A readable video; sizes in pixels as stored, before any rotation."""

    timing: VideoTiming
    codec: str
    width: int
    height: int
    intended_duration_s: Fraction | None
    """Set if the file ends before what its header announces: how long it should have been."""


def probe(path: Path) -> Video:
    """Read headers and packet times; ``UnusableVideo`` if it is no video, has no frames, or an unknown codec."""
    try:
        with av.open(str(path), stream_options=[LIMITS]) as container:
            return _probe(container)
    except (FFmpegError, UnicodeDecodeError) as error:
        raise UnusableVideo(f"the file is not a video, or its header is damaged ({_reason(error)})") from error


def _probe(container: "av.container.InputContainer") -> Video:
    if not container.streams.video:
        raise UnusableVideo("the file holds no video stream")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise UnusableVideo("the video's codec is not known here")
    width, height = stream.codec_context.width, stream.codec_context.height
    if not 0 < width * height <= MAX_PICTURE_PIXELS:  # beyond its limit, the decoder tells none
        raise UnusableVideo(f"its pictures have more than {MAX_PICTURE_PIXELS} pixels, or their size cannot be told")
    packets, cut = _packet_times(container, stream)
    times = sorted(set(packets))
    if not times:
        raise UnusableVideo("the video has no frames")
    rate = stream.guessed_rate or stream.average_rate
    timing = VideoTiming(tuple(times), Fraction(stream.time_base), Fraction(rate) if rate else None)
    announced = _announced_s(container, stream)
    missing = stream.frames > len(packets) or (
        announced is not None and announced - timing.duration_s() > 2 * timing.interval_s() + Fraction(1, 10)
    )
    intended = announced if announced and (cut or missing) and announced > timing.duration_s() else None
    if cut and intended is None:
        intended = timing.duration_s()
    context = stream.codec_context
    return Video(timing, context.name, context.width, context.height, intended)


def _packet_times(
    container: "av.container.InputContainer", stream: "av.video.stream.VideoStream"
) -> tuple[list[int], bool]:
    """Return the presentation times of all packets, and whether reading them ended in an error."""
    times = []
    try:
        for packet in container.demux(stream):
            # AVI knows the order of decoding only; without reordering that is the presentation's too.
            time = packet.pts if packet.pts is not None else packet.dts
            if time is not None and packet.size and not packet.is_discard:
                times.append(time)
    except FFmpegError:
        return times, True
    return times, False


def _announced_s(container: "av.container.InputContainer", stream: "av.video.stream.VideoStream") -> Fraction | None:
    if stream.duration:
        return Fraction(stream.duration * stream.time_base)
    # A container's figure is that of its longest stream.
    if container.duration and len(container.streams) == 1:
        return Fraction(container.duration, av.time_base)
    return None


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
