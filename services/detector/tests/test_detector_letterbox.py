import numpy as np
import pytest
from spoton_detector.letterbox import Letterbox


def test_a_wide_picture_gets_bars_above_and_below() -> None:
    box = Letterbox.fit((360, 640), (640, 640))
    assert (box.inner_width, box.inner_height, box.left, box.top) == (640, 360, 0, 140)


def test_a_small_picture_is_enlarged() -> None:
    box = Letterbox.fit((288, 360), (640, 640))
    assert (box.inner_width, box.inner_height, box.left, box.top) == (640, 512, 0, 64)


def test_an_odd_row_goes_below() -> None:
    box = Letterbox.fit((99, 200), (200, 200))
    picture = box.apply(np.zeros((99, 200, 3), np.uint8))
    assert picture.shape == (200, 200, 3)
    assert (picture[:50] == 114).all()
    assert (picture[50:149] == 0).all()
    assert (picture[149:] == 114).all()


def test_boxes_return_to_the_picture_and_may_lie_outside() -> None:
    box = Letterbox.fit((720, 1280), (640, 640))
    network = np.array([[100, 240, 200, 340], [-5, 0, 650, 640]], np.float32)
    np.testing.assert_array_equal(box.to_source(network), [[200, 200, 400, 400], [-10, -280, 1300, 1000]])


def test_a_line_of_pixels_survives() -> None:
    assert Letterbox.fit((1, 3000), (640, 640)).apply(np.zeros((1, 3000, 3), np.uint8)).shape == (640, 640, 3)


@pytest.mark.parametrize("source", [(480, 640), (99, 201), (1, 3000), (700, 333), (288, 360)])
def test_it_agrees_with_ultralytics(source: tuple[int, int]) -> None:
    from ultralytics.data.augment import LetterBox
    from ultralytics.utils.ops import scale_boxes

    picture = np.random.default_rng(1).integers(0, 256, (*source, 3), dtype=np.uint8)
    box = Letterbox.fit(source, (384, 640))
    np.testing.assert_array_equal(box.apply(picture), LetterBox((384, 640), auto=False)(image=picture))
    boxes = np.random.default_rng(2).uniform(0, 640, (20, 4)).astype(np.float32)
    expected = scale_boxes((384, 640), boxes.copy(), source)
    ours = np.clip(box.to_source(boxes), 0, [source[1], source[0]] * 2)
    np.testing.assert_allclose(ours, expected, rtol=1e-6)
