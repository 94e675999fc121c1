"""What values a record may have: far beyond all that makes sense, near enough that no arithmetic breaks on them.

``records.py`` and ``habits.py`` put these beside their fields; msgspec enforces them while it builds a record (NaN and
infinity lie outside of every range). What concerns several fields at once stands in ``plausibility.py``.
"""

from typing import Annotated

from msgspec import Meta

MAX_TICK = 2**33
"""Ten years at 25 frames/s, or 99 days at 1000."""

MAX_BOXES = 1000
"""Boxes in one picture: comparing all with all of them still takes megabytes, not gigabytes."""

MAX_CAMERAS = 256
"""Cameras of a scene: their planes are compared pair by pair."""

MAX_PLACES = 100_000
"""Square metres on which people's habits are remembered: fourteen football fields, a few megabytes."""

MAX_EMBEDDING_BYTES = 16384
"""4096 float32 values."""

MAX_PICTURE_PIXELS = 8192 * 4320
"""Pixels of one picture: 8K, 106 MB once it is opened."""

MAX_NAME = 200
Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
"""An id, or part of one."""

Label = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=65536)]
Uri = Annotated[str, Meta(min_length=1, max_length=8192)]

Count = Annotated[int, Meta(ge=0, le=MAX_TICK)]
BatchIndex = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""Of a class, a tracklet or an identity."""

Micros = Annotated[int, Meta(ge=-(2**60), le=2**60)]
"""Scene time: that of the last tick at the lowest frame rate."""

EpochMicros = Annotated[int, Meta(ge=0, le=2**53)]
"""Wall-clock time, until the year 2255."""

SideLength = Annotated[int, Meta(ge=0, le=65535)]
"""Of a picture, pixels: JPEG knows no larger ones."""

Pixel = Annotated[float, Meta(ge=-1e6, le=1e6)]
"""Boxes may reach over a picture's border."""

WholeMetres = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Metres = Annotated[float, Meta(ge=-1e9, le=1e9)]
MetresPerSecond = Annotated[float, Meta(ge=-1e9, le=1e9)]
Deviation = Annotated[float, Meta(ge=0, le=1e9)]
Seconds = Annotated[float, Meta(ge=-4e8, le=4e8)]
"""Twelve years before and after."""

StartSeconds = Annotated[float, Meta(ge=0, le=10 * 365 * 86400)]
FramesPerSecond = Annotated[float, Meta(ge=0.01, le=1000)]
MetresPerPixel = Annotated[float, Meta(gt=0, le=1e6)]
Coefficient = Annotated[float, Meta(ge=-1e12, le=1e12)]
Share = Annotated[float, Meta(ge=0, le=1 + 2**-10)]
"""0 to 1, and play for rounding."""

Crop = Annotated[bytes, Meta(max_length=1 << 20)]
Embedding = Annotated[bytes, Meta(min_length=4, max_length=MAX_EMBEDDING_BYTES)]
