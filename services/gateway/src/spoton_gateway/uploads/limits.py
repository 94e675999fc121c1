"""What a video must be like to be accepted; pure rules."""

from dataclasses import dataclass
from typing import Self

from spoton_gateway.errors import TooLarge, UnsupportedMedia, UnusableUpload
from spoton_gateway.uploads.settings import UploadSettings

_RATE_PLAY = 1.001
"""60000/1001 and a clock that is a little fast are still 60."""

_QUICKTIME = frozenset({"mp4", "mov"})
"""One container under two names: cameras write either ending on either."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A readable video as a look into the file found it; width and height in pixels as stored."""

    container: str
    codec: str
    width: int
    height: int
    frames: int
    duration_s: float
    fps: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds, all included."""

    max_bytes: int
    max_fps: float
    max_duration_s: float
    max_pixels: int
    formats: frozenset[str]
    codecs: frozenset[str]

    @classmethod
    def of(cls, settings: UploadSettings) -> Self:
        """Return the limits of ``POST /api/v1/upload``."""
        return cls(
            settings.max_bytes,
            settings.max_fps,
            settings.max_duration_s,
            settings.max_pixels,
            settings.formats,
            settings.codecs,
        )

    @classmethod
    def of_small(cls, settings: UploadSettings) -> Self:
        """Return the limits of ``POST /upload``: small MP4 files."""
        usual = cls.of(settings)
        return cls(
            settings.small_max_bytes,
            usual.max_fps,
            usual.max_duration_s,
            usual.max_pixels,
            frozenset({"mp4"}),
            usual.codecs,
        )

    def check_size(self, size_bytes: int) -> None:
        """``TooLarge`` beyond the limit."""
        if size_bytes > self.max_bytes:
            raise TooLarge(f"the file is larger than {_size(self.max_bytes)}, which is the most that is accepted here")

    def check_format(self, container: str) -> None:
        """``UnsupportedMedia`` for containers that are not accepted."""
        if container not in self.formats:
            accepted = ", ".join(sorted(name.upper() for name in self.formats))
            raise UnsupportedMedia(f"{container.upper()} files are not accepted here, only {accepted}")

    def check(self, clip: Clip, promised: str) -> None:
        """Compare a clip with the limits and with what its name promised.

        ``UnsupportedMedia`` for its kind, ``UnusableUpload`` for its measures.
        """
        self.check_format(clip.container)
        if clip.container != promised and not {clip.container, promised} <= _QUICKTIME:
            raise UnsupportedMedia(f"its name says {promised.upper()}, but the file is {clip.container.upper()}")
        if clip.codec not in self.codecs:
            raise UnsupportedMedia(f"video in {clip.codec} is not accepted, only {', '.join(sorted(self.codecs))}")
        if clip.width * clip.height > self.max_pixels:
            raise UnusableUpload(
                f"its pictures have {clip.width} x {clip.height} pixels, more than {self.max_pixels} in all"
            )
        if clip.fps > self.max_fps * _RATE_PLAY:
            raise UnusableUpload(f"it has {clip.fps:g} frames a second, more than {self.max_fps:g}")
        if clip.duration_s > self.max_duration_s:
            raise UnusableUpload(f"it is {clip.duration_s:.1f} s long, longer than {self.max_duration_s:g} s")


def _size(count: int) -> str:
    """Write a number of bytes for people, and exactly."""
    return f"{count / 2**20:g} MiB ({count} bytes)" if count >= 2**20 else f"{count} bytes"
