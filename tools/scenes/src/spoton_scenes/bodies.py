"""Procedural bodies: the parts of one person as meshes hung on joints.

Body frame: x to the person's right, y forward, z up; a part's mesh is in its joint's frame, metres.
"""

from dataclasses import dataclass

import numpy as np

from spoton_scenes.appearance import Appearance
from spoton_scenes.fabrics import Image, Rgb, cloth, face
from spoton_scenes.gait import Skeleton
from spoton_scenes.hair import hair_parts
from spoton_scenes.meshes import Mesh, box, ellipsoid, merge, tube

JOINTS = (
    "pelvis", "torso", "head",
    "hip_l", "knee_l", "ankle_l", "hip_r", "knee_r", "ankle_r",
    "shoulder_l", "elbow_l", "shoulder_r", "elbow_r",
)  # fmt: skip
WHITE: Rgb = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Part:
    """A mesh on a joint; its vertex colours are multiplied by the texture where there is one."""

    joint: str
    mesh: Mesh
    texture: str | None = None


@dataclass(frozen=True)
class Body:
    """All parts of one person, the textures they name, and the skeleton they hang on."""

    parts: tuple[Part, ...]
    textures: dict[str, Image]
    skeleton: Skeleton


def skeleton_of(looks: Appearance) -> Skeleton:
    """Joint positions from adult proportions (fractions of body height after Drillis & Contini, 1966)."""
    h = looks.height_m
    return Skeleton(
        height_m=h,
        thigh_m=0.245 * h,
        shin_m=0.243 * h,
        ankle_m=0.042 * h,
        hip_half_m=0.05 * h,
        shoulder_half_m=0.112 * h * looks.shoulders,
        shoulder_above_hip_m=0.283 * h,
        neck_above_hip_m=0.325 * h,
        upper_arm_m=0.172 * h,
        forearm_m=0.148 * h,
    )


def build_body(looks: Appearance) -> Body:
    """Build one person; the same looks give the same arrays."""
    rng = np.random.default_rng(looks.texture_seed)
    skeleton = skeleton_of(looks)
    lips = (looks.skin[0] * 0.85, looks.skin[1] * 0.6, looks.skin[2] * 0.6)
    textures = {
        "top": cloth(looks.top_pattern, *looks.top_colours, rng),
        "bottom": cloth(looks.bottom_pattern, *looks.bottom_colours, rng),
        "face": face(looks.skin, looks.hair if looks.beard else None, lips),
    }
    parts = [*_trunk(looks), *_head(looks), *_bag(looks)]
    for side in ("l", "r"):
        parts += [*_arm(looks, skeleton, side), *_leg(looks, skeleton, side)]
    return Body(tuple(parts), textures, skeleton)


def _trunk(looks: Appearance) -> list[Part]:
    h, g, s = looks.height_m, looks.girth, looks.shoulders
    belly = max(0.0, g - 1.0) * 0.07
    chest = [
        (-0.035, 0.088 * g, 0.066 * g),
        (0.02, 0.09 * g, 0.07 * g + belly * 0.5, belly * 0.3),
        (0.09, 0.083 * g, 0.061 * g + belly, belly * 0.5),
        (0.16, 0.091 * g, 0.064 * g + belly * 0.5),
        (0.22, 0.104 * s, 0.068 * g),
        (0.265, 0.114 * s, 0.062 * g),
        (0.285, 0.11 * s, 0.055),
        (0.305, 0.085 * s, 0.047),
        (0.318, 0.05, 0.04),
        (0.325, 0.04, 0.037),
    ]
    cover = {"t-shirt": -0.05, "long-sleeve": -0.045, "vest": -0.04, "jacket": -0.065, "coat": -0.06}[looks.top]
    chest[0] = (cover, 0.097 * g, 0.08 * g)
    rings = [tuple(value * h for value in (*ring, 0.0)[:4]) for ring in chest]
    parts = [Part("torso", tube(rings, WHITE, around=16, square=2.5, repeat=2.0 / h), "top")]
    hips = [
        (-0.08, 0.05, 0.045),
        (-0.055, 0.082 * g, 0.062 * g),
        (0.0, 0.088 * g, 0.064 * g),
        (0.03, 0.075 * g, 0.055 * g),
    ]
    parts.append(Part("pelvis", tube(np.array(hips) * h, WHITE, around=14, square=2.3, repeat=2.0 / h), "bottom"))
    neck = tube(
        np.array([(0.29, 0.036, 0.036), (0.36, 0.031, 0.033), (0.385, 0.031, 0.033)]) * h,
        _dim(looks.skin, 0.88),
    )
    parts.append(Part("torso", neck))
    if looks.bottom == "skirt" or looks.top == "coat":
        parts.append(_hem(looks))
    if looks.top in {"jacket", "coat"}:
        lapel = ellipsoid(
            np.array([0.03, 0.012, 0.1]) * h, np.array([0, 0.058 * g, 0.235]) * h, looks.top_colours[1], 8, 6
        )
        parts.append(Part("torso", lapel))
    return parts


def _hem(looks: Appearance) -> Part:
    """Make a skirt or the tails of a coat, wide enough for the legs to swing in."""
    h, g = looks.height_m, looks.girth
    name = "top" if looks.top == "coat" else "bottom"
    length = 0.2 if looks.top == "coat" else 0.215
    rings = np.array(
        [
            (-length, 0.124 * g, 0.152 * g),
            (-0.1, 0.113 * g, 0.12 * g),
            (0.0, 0.102 * g, 0.076 * g),
            (0.03, 0.08 * g, 0.06 * g),
        ]
    )
    return Part("pelvis", tube(rings * h, WHITE, around=14, repeat=2.0 / h), name)


def _head(looks: Appearance) -> list[Part]:
    h = looks.height_m
    centre = np.array([0.0, 0.008, 0.062]) * h
    skull = ellipsoid(np.array([0.044, 0.054, 0.066]) * h, centre, WHITE, around=16, rings=11)
    nose = ellipsoid(np.array([0.007, 0.011, 0.012]) * h, centre + np.array([0, 0.053, -0.004]) * h, looks.skin, 6, 5)
    ears = [
        ellipsoid(
            np.array([0.007, 0.012, 0.017]) * h,
            centre + np.array([x, 0.0, 0.0]) * h,
            _dim(looks.skin, 0.9),
            6,
            5,
        )
        for x in (-0.045, 0.045)
    ]
    return [
        Part("head", skull, "face"),
        Part("head", merge([nose, *ears])),
        *(Part("head", mesh) for mesh in hair_parts(looks, centre)),
    ]


def _arm(looks: Appearance, skeleton: Skeleton, side: str) -> list[Part]:
    h, g = looks.height_m, 0.75 + 0.25 * looks.girth
    bulk = 1.22 if looks.top in {"jacket", "coat"} else 1.0
    upper, fore = skeleton.upper_arm_m, skeleton.forearm_m
    w = h * g * bulk
    sleeve = [
        (-upper, 0.024 * w, 0.026 * w),
        (-upper * 0.5, 0.028 * w, 0.031 * w),
        (-0.014 * h, 0.031 * w, 0.036 * w),
        (0.006 * h, 0.027 * w, 0.031 * w),
        (0.02 * h, 0.017 * w, 0.02 * w),
    ]
    rings = [
        (-fore, 0.017 * w, 0.019 * w),
        (-fore * 0.6, 0.023 * w, 0.025 * w),
        (0.0, 0.024 * w, 0.026 * w),
        (0.01 * h, 0.018 * w, 0.02 * w),
    ]
    palm = ellipsoid(np.array([0.013, 0.024, 0.036]) * h, (0, 0.004 * h, -fore - 0.026 * h), looks.skin, 8, 6)
    thumb = ellipsoid(np.array([0.007, 0.009, 0.02]) * h, (0, 0.024 * h, -fore - 0.02 * h), looks.skin, 6, 5)
    hand = merge([palm, thumb])
    parts = [Part(f"elbow_{side}", hand)]
    if looks.top == "vest":
        parts.append(Part(f"shoulder_{side}", tube(sleeve, looks.skin)))
    else:
        parts.append(Part(f"shoulder_{side}", tube(sleeve, _grey(0.93), repeat=2.0 / h), "top"))
    if looks.top in {"vest", "t-shirt"}:
        parts.append(Part(f"elbow_{side}", tube(rings, looks.skin)))
    else:
        parts.append(Part(f"elbow_{side}", tube(rings, _grey(0.93), repeat=2.0 / h), "top"))
    return parts


def _leg(looks: Appearance, skeleton: Skeleton, side: str) -> list[Part]:
    h, g = looks.height_m, 0.65 + 0.35 * looks.girth
    bulk = 1.1 if looks.bottom == "trousers" else 1.0
    thigh, shin = skeleton.thigh_m, skeleton.shin_m
    hidden = 0.76 if looks.bottom == "skirt" or looks.top == "coat" else 1.0  # thighs stay under the cloth
    w = h * g * bulk * hidden
    thigh_rings = [
        (-thigh - 0.01 * h, 0.03 * w, 0.032 * w),
        (-thigh * 0.5, 0.039 * w, 0.044 * w),
        (-0.04 * h, 0.044 * w, 0.052 * w),
        (0.0, 0.036 * w, 0.042 * w),
        (0.015 * h, 0.02 * w, 0.024 * w),
    ]
    shin_rings = [
        (-shin, 0.02 * w, 0.024 * w),
        (-shin * 0.72, 0.023 * w, 0.027 * w),
        (-shin * 0.35, 0.029 * w, 0.034 * w, -0.004 * w),
        (0.0, 0.031 * w, 0.033 * w),
        (0.015 * h, 0.022 * w, 0.024 * w),
    ]
    shin_rings = [tuple((*ring, 0.0)[:4]) for ring in shin_rings]
    thigh_colour, thigh_cloth = (looks.skin, None) if looks.bottom == "skirt" else (WHITE, "bottom")
    bare = looks.bottom in {"skirt", "shorts"}
    shin_colour, shin_cloth = (looks.skin, None) if bare else (_grey(0.95), "bottom")
    return [
        Part(f"hip_{side}", tube(thigh_rings, thigh_colour, repeat=2.0 / h), thigh_cloth),
        Part(f"knee_{side}", tube(shin_rings, shin_colour, repeat=2.0 / h), shin_cloth),
        Part(f"ankle_{side}", _shoe(looks)),
    ]


def _shoe(looks: Appearance) -> Mesh:
    """Make a shoe from heel to toe: a tube turned to lie forward, in the ankle's frame."""
    rings = [
        (-0.06, 0.018, 0.016, -0.006),
        (-0.045, 0.024, 0.026, 0.0),
        (0.0, 0.026, 0.028, 0.004),
        (0.035, 0.029, 0.02, -0.006),
        (0.075, 0.027, 0.016, -0.01),
        (0.095, 0.017, 0.011, -0.014),
    ]
    mesh = tube(np.array(rings) * looks.height_m, looks.shoes, square=2.6)
    turn = np.array([[-1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]])
    vertices = mesh.vertices @ turn.T + np.array([0.0, 0.022, -0.016]) * looks.height_m
    return Mesh(vertices, mesh.normals @ turn.T, mesh.uv, mesh.colours, mesh.triangles)


def _bag(looks: Appearance) -> list[Part]:
    h = looks.height_m
    if looks.bag == "backpack":
        sack = ellipsoid(
            np.array([0.078, 0.055, 0.125]) * h,
            np.array([0, -0.095 * looks.girth, 0.18]) * h,
            looks.bag_colour,
            12,
            8,
        )
        straps = [
            box(
                np.array([0.018, 0.012, 0.13]) * h,
                np.array([x, 0.06 * looks.girth, 0.235]) * h,
                _dim(looks.bag_colour, 0.7),
            )
            for x in (-0.062, 0.062)
        ]
        return [Part("torso", merge([sack, *straps]))]
    if looks.bag == "shoulder-bag":
        sack = ellipsoid(
            np.array([0.035, 0.085, 0.07]) * h,
            np.array([0.125 * looks.girth, -0.01, -0.03]) * h,
            looks.bag_colour,
            10,
            8,
        )
        return [Part("torso", sack)]
    return []


def _dim(colour: Rgb, factor: float) -> Rgb:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


def _grey(value: float) -> Rgb:
    return (value, value, value)
