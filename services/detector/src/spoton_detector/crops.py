"""Cuts people out of a picture for Re-ID."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from spoton_detector.detector import Image


@dataclass(frozen=True, slots=True)
class Cropper:
    """Cuts boxes out and writes them as JPEG.

    Re-ID networks take pictures of 128 x 256 (width x height) whatever the box's shape, so each side of a crop is cut
    down to that on its own: nothing that they would use is lost, and nothing that they would throw away is sent.

    Attributes:
        min_width_px: narrower boxes give no crop.
        min_height_px: lower boxes give no crop.
        jpeg_quality: 1 to 100; colours are kept at full resolution, Re-ID looks at them.

    """

    min_width_px: int
    min_height_px: int
    jpeg_quality: int
    max_width_px: int = 128
    max_height_px: int = 256

    def cut(self, image: Image, box_xyxy: NDArray[np.float32]) -> bytes | None:
        """Return the box's part of a BGR picture as JPEG; None if too little of it lies inside the picture."""
        height, width = image.shape[:2]
        left, top = (max(math.floor(value), 0) for value in box_xyxy[:2])
        right, bottom = min(math.ceil(box_xyxy[2]), width), min(math.ceil(box_xyxy[3]), height)
        if right - left < self.min_width_px or bottom - top < self.min_height_px:
            return None
        part = image[top:bottom, left:right]
        size = (min(right - left, self.max_width_px), min(bottom - top, self.max_height_px))
        if size != (right - left, bottom - top):
            part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        jpeg: bytes = simplejpeg.encode_jpeg(
            np.ascontiguousarray(part), quality=self.jpeg_quality, colorspace="BGR", colorsubsampling="444"
        )
        return jpeg
