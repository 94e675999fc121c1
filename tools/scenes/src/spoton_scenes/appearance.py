"""What a person looks like: build, skin, hair, clothes, things carried. Values drawn from a generator."""

from dataclasses import dataclass

import numpy as np

from spoton_scenes.fabrics import CLOTHES_PATTERNS, Rgb, hsv

TOPS = ("t-shirt", "long-sleeve", "jacket", "coat", "vest")
BOTTOMS = ("trousers", "trousers", "trousers", "shorts", "skirt")
HAIR_STYLES = ("short", "short", "bob", "long", "bun", "bald", "cap", "beanie")
_SKINS: tuple[Rgb, ...] = (
    (0.96, 0.80, 0.69),
    (0.91, 0.72, 0.58),
    (0.82, 0.62, 0.46),
    (0.68, 0.48, 0.34),
    (0.52, 0.35, 0.24),
    (0.36, 0.24, 0.17),
)
_HAIRS: tuple[Rgb, ...] = (
    (0.08, 0.06, 0.05),
    (0.16, 0.10, 0.07),
    (0.30, 0.19, 0.11),
    (0.48, 0.32, 0.17),
    (0.76, 0.60, 0.34),
    (0.55, 0.20, 0.09),
    (0.62, 0.61, 0.60),
    (0.85, 0.84, 0.82),
)
_BOTTOM_COLOURS: tuple[Rgb, ...] = (
    (0.13, 0.18, 0.33),
    (0.22, 0.31, 0.50),
    (0.10, 0.10, 0.12),
    (0.30, 0.30, 0.32),
    (0.55, 0.47, 0.34),
    (0.33, 0.36, 0.24),
    (0.72, 0.66, 0.55),
    (0.36, 0.13, 0.15),
    (0.80, 0.80, 0.78),
)


@dataclass(frozen=True)
class Appearance:
    """One person's looks.

    Lengths in metres, colours RGB in 0…1; `girth` and `shoulders` multiply widths (1 = average).
    """

    height_m: float
    girth: float
    shoulders: float
    skin: Rgb
    hair: Rgb
    hair_style: str
    beard: bool
    top: str
    top_pattern: str
    top_colours: tuple[Rgb, Rgb]
    bottom: str
    bottom_pattern: str
    bottom_colours: tuple[Rgb, Rgb]
    shoes: Rgb
    bag: str
    bag_colour: Rgb
    texture_seed: int


def random_appearance(rng: np.random.Generator, hue: float | None = None) -> Appearance:
    """Draw a person; `hue` (0…1) fixes the top's hue, to spread a scene's people over the circle."""
    hue = float(rng.random()) if hue is None else hue
    vivid = rng.random() < 0.72
    top = hsv(hue, rng.uniform(0.5, 0.9), rng.uniform(0.4, 0.95)) if vivid else hsv(hue, 0.08, rng.uniform(0.08, 0.95))
    second = hsv(hue + rng.uniform(0.25, 0.75), rng.uniform(0.0, 0.7), rng.uniform(0.15, 0.98))
    bottom = (
        _pick(rng, _BOTTOM_COLOURS)
        if rng.random() < 0.75
        else hsv(rng.random(), rng.uniform(0.3, 0.8), rng.uniform(0.25, 0.8))
    )
    light = tuple(min(1.0, channel * 1.5 + 0.08) for channel in bottom)
    skin = _pick(rng, _SKINS)
    return Appearance(
        height_m=float(np.clip(rng.normal(1.72, 0.09), 1.5, 1.96)),
        girth=float(np.clip(rng.normal(1.0, 0.12), 0.8, 1.35)),
        shoulders=float(np.clip(rng.normal(1.0, 0.07), 0.86, 1.16)),
        skin=skin,
        hair=_pick(rng, _HAIRS),
        hair_style=str(rng.choice(HAIR_STYLES)),
        beard=bool(rng.random() < 0.2),
        top=str(rng.choice(TOPS)),
        top_pattern=str(rng.choice(CLOTHES_PATTERNS)) if rng.random() < 0.6 else "plain",
        top_colours=(top, second),
        bottom=str(rng.choice(BOTTOMS)),
        bottom_pattern="plain" if rng.random() < 0.8 else str(rng.choice(("stripes", "plaid", "checks", "dots"))),
        bottom_colours=(bottom, (light[0], light[1], light[2])),
        shoes=_pick(
            rng,
            ((0.08, 0.07, 0.07), (0.9, 0.9, 0.88), (0.35, 0.22, 0.13), (0.6, 0.12, 0.12), (0.15, 0.25, 0.5)),
        ),
        bag=str(rng.choice(("none", "none", "none", "backpack", "shoulder-bag"))),
        bag_colour=hsv(rng.random(), rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.8)),
        texture_seed=int(rng.integers(2**31)),
    )


def _pick(rng: np.random.Generator, choices: tuple[Rgb, ...]) -> Rgb:
    return choices[int(rng.integers(len(choices)))]
