"""The chosen frames of a video, as JPEG.

Chroma is kept at 4:2:0, as nearly all video stores it: 4:4:4 took 50-60 % more time and 9-21 % more bytes for 0.2 to
1.4 dB (simplejpeg 1.9, quality 90, 360x288 and 768x432 footage).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import simplejpeg
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter
from spoton_schemas.topics import MAX_RECORD_BYTES

from spoton_ingest.errors import UnusableVideo
from spoton_ingest.probe import LIMITS

_MAX_JPEG_BYTES = MAX_RECORD_BYTES - 65536  # room for the rest of the record
_FALLBACK_QUALITIES = (75, 50, 25)


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame as shown (rotation applied); ``jpeg`` decodes to BGR in OpenCV."""

    pts: int
    width: int
    height: int
    jpeg: bytes


def decode(path: Path, wanted: Sequence[int], quality: int, threads: int) -> Iterator[Picture]:
    """Yield the frames with the wanted presentation times (sorted), decoding no further than to the last one.

    Frames that cannot be decoded are left out. ``UnusableVideo`` if the decoder cannot be opened.
    """
    if not wanted:
        return
    left = set(wanted)
    try:
        container = av.open(str(path), stream_options=[LIMITS])
    except FFmpegError as error:
        raise UnusableVideo(f"the video cannot be opened ({error.strerror})") from error
    with container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        stream.codec_context.options = LIMITS
        converter = VideoReformatter()  # each frame would make one of its own, which takes longer than to convert it
        for frame in _frames(container, stream):
            time = frame.pts if frame.pts is not None else frame.dts
            if time in left:
                left.remove(time)
                yield _picture(frame, time, quality, converter)
            if not left or (time is not None and time > wanted[-1]):
                return


def _frames(
    container: "av.container.InputContainer", stream: "av.video.stream.VideoStream"
) -> "Iterator[av.VideoFrame]":
    """Yield what can be decoded; a packet that cannot is skipped, as players do."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:
            packet = None  # the file ends here; what the decoder holds still comes
        if packet is None:
            return
        try:
            yield from packet.decode()
        except FFmpegError:
            continue


def _picture(frame: "av.VideoFrame", pts: int, quality: int, converter: VideoReformatter) -> Picture:
    image = np.asarray(converter.reformat(frame, format="bgr24").to_ndarray(), np.uint8)
    if frame.rotation:
        image = np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))
    height, width = image.shape[:2]
    return Picture(pts, width, height, _jpeg(image, quality))


def _jpeg(image: npt.NDArray[np.uint8], quality: int) -> bytes:
    jpeg = b""
    for attempt in (quality, *(q for q in _FALLBACK_QUALITIES if q < quality)):
        jpeg = simplejpeg.encode_jpeg(image, attempt, "BGR", "420")
        if len(jpeg) <= _MAX_JPEG_BYTES:
            break
    return jpeg
