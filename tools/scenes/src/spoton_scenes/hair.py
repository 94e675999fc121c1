"""Hair and headwear as shells over the head ellipsoid."""

import numpy as np

from spoton_scenes.appearance import Appearance
from spoton_scenes.fabrics import Rgb
from spoton_scenes.meshes import Floats, Mesh, ellipsoid, grid_mesh

# (lowest polar angle at the forehead, at the back), radians from the crown; the shell is larger by (x, y, z)
_SHELLS = {
    "short": ((0.95, 2.0), (0.004, 0.004, 0.007)),
    "bob": ((0.95, 2.5), (0.011, 0.010, 0.010)),
    "long": ((0.92, 2.6), (0.010, 0.010, 0.009)),
    "bun": ((0.9, 2.1), (0.004, 0.004, 0.006)),
    "cap": ((1.0, 1.6), (0.007, 0.007, 0.012)),
    "beanie": ((1.12, 1.75), (0.008, 0.008, 0.014)),
}


def hair_parts(looks: Appearance, centre: Floats) -> list[Mesh]:
    """Make the meshes of the hair style, in the head joint's frame, for a skull around `centre`."""
    if looks.hair_style == "bald":
        return []
    h = looks.height_m
    covered = looks.hair_style in {"cap", "beanie"}
    colour = looks.bag_colour if covered else looks.hair
    meshes = [_shell(looks, centre, colour)]
    if looks.hair_style == "long":
        meshes.append(
            ellipsoid(
                np.array([0.05, 0.022, 0.085]) * h,
                centre + np.array([0, -0.045, -0.055]) * h,
                _dark(colour),
                10,
                8,
            )
        )
    if looks.hair_style == "bun":
        meshes.append(
            ellipsoid(np.array([0.022, 0.022, 0.022]) * h, centre + np.array([0, -0.055, 0.04]) * h, colour, 8, 6)
        )
    if looks.hair_style == "cap":
        meshes.append(
            ellipsoid(
                np.array([0.036, 0.04, 0.006]) * h,
                centre + np.array([0, 0.062, 0.03]) * h,
                _dark(colour),
                10,
                6,
            )
        )
    return meshes


def _shell(looks: Appearance, centre: Floats, colour: Rgb, around: int = 18, rings: int = 7) -> Mesh:
    (front, back), extra = _SHELLS[looks.hair_style]
    theta = np.linspace(-np.pi / 2, 1.5 * np.pi, around + 1)
    frontness = np.clip((np.sin(theta) + 0.25) / 1.25, 0, 1) ** 0.7
    limit = back + (front - back) * frontness
    share = np.linspace(1, 0.01, rings)[:, None]
    polar = limit[None, :] * share
    radii = (np.array([0.044, 0.054, 0.066]) + extra) * looks.height_m
    unit = np.stack([np.sin(polar) * np.cos(theta), np.sin(polar) * np.sin(theta), np.cos(polar)], axis=2)
    points = unit * radii + centre
    uv = np.zeros((rings, around + 1, 2))
    mesh = grid_mesh(points, uv, colour)
    shade = 0.8 + 0.2 * unit[:, :, 2:3].reshape(-1, 1)
    return Mesh(mesh.vertices, mesh.normals, mesh.uv, mesh.colours * shade, mesh.triangles)


def _dark(colour: Rgb) -> Rgb:
    return (colour[0] * 0.8, colour[1] * 0.8, colour[2] * 0.8)
