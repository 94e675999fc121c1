"""Opens the JPEG of a frame."""

import simplejpeg
from spoton_common.errors import RejectedRecord

from spoton_detector.detector import Image


def count_pixels(data: bytes | None) -> int:
    """Read a picture's size from its header; 0 if it is none."""
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data or b"")
    except ValueError:
        return 0
    return int(height * width)


def open_jpeg(data: bytes | None, max_pixels: int) -> Image:
    """Decode a picture, BGR.

    The size is read from the header first, so that a small file which stands for a huge picture costs nothing.

    Raises:
        RejectedRecord: ``bad_image``: absent, not a JPEG, or damaged; ``image_too_large``: over ``max_pixels``.

    """
    if not data:
        raise RejectedRecord("bad_image", "the frame has no picture")
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError as error:
        raise RejectedRecord("bad_image", str(error)) from error
    if height * width > max_pixels:
        raise RejectedRecord("image_too_large", f"{width} x {height} pixels, {max_pixels} are allowed")
    try:
        image: Image = simplejpeg.decode_jpeg(data, colorspace="BGR")
    except ValueError as error:
        raise RejectedRecord("bad_image", str(error)) from error
    return image
