import cv2
import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray
from spoton_common.errors import RejectedRecord
from spoton_detector.crops import Cropper
from spoton_detector.detector import Image
from spoton_detector.pictures import open_jpeg

CROPPER = Cropper(min_width_px=8, min_height_px=16, jpeg_quality=95)


def box(*edges: float) -> NDArray[np.float32]:
    return np.array(edges, np.float32)


def halves(width: int = 400, height: int = 600) -> Image:
    """Left half blue, right half red."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, : width // 2, 0] = 255
    picture[:, width // 2 :, 2] = 255
    return picture


def jpeg_of(picture: Image) -> bytes:
    return bytes(simplejpeg.encode_jpeg(picture, quality=95, colorspace="BGR"))


def opened(data: bytes | None) -> Image:
    assert data is not None
    return np.asarray(simplejpeg.decode_jpeg(data, colorspace="BGR"))


def test_colours_are_bgr() -> None:
    picture = open_jpeg(jpeg_of(halves()), 10**6)
    assert picture.shape == (600, 400, 3)
    assert picture[300, 10].argmax() == 0
    assert picture[300, 390].argmax() == 2


def test_a_grey_jpeg_has_three_channels() -> None:
    data = cv2.imencode(".jpg", np.full((20, 30), 77, np.uint8))[1].tobytes()
    assert open_jpeg(data, 10**6).shape == (20, 30, 3)


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"not a picture",
        cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes(),
        jpeg_of(halves())[:-200],
        jpeg_of(halves())[:30],
    ],
    ids=["absent", "empty", "text", "png", "cut short", "header only"],
)
def test_what_is_no_whole_jpeg_is_rejected(data: bytes | None) -> None:
    with pytest.raises(RejectedRecord) as caught:
        open_jpeg(data, 10**6)
    assert caught.value.reason == "bad_image"


def test_a_huge_picture_is_rejected_by_its_header() -> None:
    with pytest.raises(RejectedRecord, match="400 x 600") as caught:
        open_jpeg(jpeg_of(halves())[:700], 400 * 600 - 1)
    assert caught.value.reason == "image_too_large"


def test_a_crop_is_the_box() -> None:
    crop = opened(CROPPER.cut(halves(), box(160.5, 100.2, 239.5, 199.5)))
    assert crop.shape == (100, 80, 3)
    assert crop[50, 20].argmax() == 0
    assert crop[50, 60].argmax() == 2


def test_a_large_crop_is_cut_down_to_what_embedders_take() -> None:
    assert opened(CROPPER.cut(halves(), box(0, 0, 300, 600))).shape == (256, 128, 3)


def test_each_side_is_cut_down_on_its_own() -> None:
    assert opened(CROPPER.cut(halves(), box(0, 0, 300, 100))).shape == (100, 128, 3)
    assert opened(CROPPER.cut(halves(), box(0, 0, 60, 600))).shape == (256, 60, 3)


def test_a_box_over_the_border_is_clipped() -> None:
    assert opened(CROPPER.cut(halves(), box(-20, -30, 50, 70))).shape == (70, 50, 3)
    assert opened(CROPPER.cut(halves(), box(350, 550, 900, 900))).shape == (50, 50, 3)


@pytest.mark.parametrize(
    "edges",
    [(10, 10, 17, 90), (10, 10, 90, 25), (500, 10, 600, 90), (10, 700, 90, 900), (-90, 10, 3, 90), (50, 50, 50, 50)],
    ids=["narrow", "low", "right of it", "below it", "too little inside", "empty"],
)
def test_too_small_a_box_gives_no_crop(edges: tuple[float, ...]) -> None:
    assert CROPPER.cut(halves(), box(*edges)) is None
