"""H.264 files that browsers play."""

from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from numpy.typing import NDArray


class VideoWriter:
    """Writes BGR frames as one MP4 (libx264, yuv420p, index in front); frame k is shown at k / fps seconds.

    Encodes on one thread, so that the same frames give the same bytes.
    """

    def __init__(self, path: Path, width_px: int, height_px: int, fps: int) -> None:
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream("libx264", rate=fps)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width_px, height_px, "yuv420p"
        self._stream.options = {"crf": "21", "preset": "veryfast", "threads": "1"}
        self._stream.codec_context.gop_size = 2 * fps

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, image: NDArray[np.uint8]) -> None:
        """Append one (height, width, 3) BGR frame."""
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def close(self) -> None:
        """Flush the encoder and finish the file."""
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()
