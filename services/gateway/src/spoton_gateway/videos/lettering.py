"""Words as sprites, each made once: labels with a backing of their identity's colour, and plain text."""

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from spoton_gateway.videos.canvas import Sprite
from spoton_gateway.videos.colours import INK, TEXT, Rgb

_SMOOTHING = 4  # rounded corners are drawn so much larger


def line_height(size: int) -> int:
    """Return the height of a label or a line of text, pixels, even."""
    return 2 * round(size * 0.72)


@lru_cache(maxsize=1024)
def label(text: str, colour: Rgb, size: int, *, wide: bool) -> Sprite:
    """Return dark words on a rounded backing of a colour."""
    pad = max(3, size // 3)
    width, height = round(_font(size).getlength(text)) + 2 * pad, line_height(size)
    image = _rounded(width, height, size // 5, (*colour, 235))
    ImageDraw.Draw(image).text((pad, height / 2), text, fill=(*INK, 255), font=_font(size), anchor="lm")
    return Sprite.of(image, wide=wide)


@lru_cache(maxsize=256)
def line(text: str, colour: Rgb | None, size: int, most_px: int, *, wide: bool) -> Sprite:
    """Return light words on nothing, behind a dot of a colour if there is one, cut to a width."""
    height = line_height(size)
    indent = height if colour else 0
    text = _fitting(text, size, most_px - indent)
    image = Image.new("RGBA", (max(2, round(_font(size).getlength(text)) + indent + 2), height), (*TEXT, 0))
    if colour:
        dot = _rounded(height // 2, height // 2, height // 4, (*colour, 255))
        image.paste(dot, (0, height // 4))
    ImageDraw.Draw(image).text((indent, height / 2), text, fill=(*TEXT, 255), font=_font(size), anchor="lm")
    return Sprite.of(image, wide=wide)


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's own font."""
    return _font(size)


def _fitting(text: str, size: int, most_px: int) -> str:
    if _font(size).getlength(text) <= most_px:
        return text
    while text and _font(size).getlength(f"{text}...") > most_px:
        text = text[:-1]
    return f"{text}..."


def _rounded(width: int, height: int, radius: int, colour: tuple[int, int, int, int]) -> Image.Image:
    image = Image.new("RGBA", (width * _SMOOTHING, height * _SMOOTHING), (*colour[:3], 0))
    corner = (image.width - 1, image.height - 1)
    ImageDraw.Draw(image).rounded_rectangle((0, 0, *corner), radius * _SMOOTHING, fill=colour)
    return image.resize((width, height), Image.Resampling.BOX)
