"""First pictures of local videos, for calibration checks."""

from urllib.parse import unquote, urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Shape (height, width, 3), uint8, BGR."""


def local_path(url: str) -> str | None:
    """Return the path of a file:// URL; None for other schemes."""
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" else None


def first_picture(url: str) -> Picture | None:
    """Decode the first frame of a video; None where it is not local or not readable."""
    path = local_path(url)
    if path is None:
        return None
    capture = cv2.VideoCapture(path)
    try:
        readable, picture = capture.read()
    finally:
        capture.release()
    return np.asarray(picture, dtype=np.uint8) if readable else None


def picture_size(url: str) -> tuple[int, int] | None:
    """Read width and height, pixels, of a video; None where it is not local or not readable."""
    path = local_path(url)
    if path is None:
        return None
    capture = cv2.VideoCapture(path)
    try:
        width, height = (int(capture.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    finally:
        capture.release()
    return (width, height) if width > 0 and height > 0 else None
