"""Triangle meshes as arrays: tubes, boxes and quads, built with numpy and independent of the renderer.

Mesh frame: right-handed, x right, y forward, z up, metres.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mesh:
    """vertices, normals (N, 3); uv (N, 2); colours (N, 3) RGB in 0…1; triangles (M, 3), counter-clockwise."""

    vertices: Floats
    normals: Floats
    uv: Floats
    colours: Floats
    triangles: NDArray[np.uint16]


def grid_mesh(points: Floats, uv: Floats, colour: ArrayLike) -> Mesh:
    """Mesh a closed grid (rings, around + 1, 3), last column equal to the first, rings from low to high.

    Normals come from the grid's own tangents; rings shrunk to a point look along the axis.
    """
    along = np.gradient(points, axis=0)
    padded = np.concatenate([points[:, -2:-1], points, points[:, 1:2]], axis=1)
    around = padded[:, 2:] - padded[:, :-2]
    normals = np.cross(around, along)
    lengths = np.linalg.norm(normals, axis=2, keepdims=True)
    axis = np.array([0.0, 0.0, 1.0])
    flat = np.where(np.arange(len(points))[:, None, None] * 2 < len(points), -axis, axis)
    normals = np.where(lengths > 1e-9, normals / np.maximum(lengths, 1e-9), flat)
    rings, columns = points.shape[:2]
    i, j = np.meshgrid(np.arange(rings - 1), np.arange(columns - 1), indexing="ij")
    a, b = (i * columns + j).ravel(), (i * columns + j + 1).ravel()
    c, d = b + columns, a + columns
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.uint16)
    colours = np.broadcast_to(np.asarray(colour, dtype=np.float64), points.shape)
    return Mesh(
        points.reshape(-1, 3),
        normals.reshape(-1, 3),
        uv.reshape(-1, 2),
        colours.reshape(-1, 3).copy(),
        triangles,
    )


def tube(rings: ArrayLike, colour: ArrayLike, around: int = 10, square: float = 2.0, repeat: float = 1.0) -> Mesh:
    """Make a tube along z through `rings` of (z, half_width_x, half_depth_y[, centre_y]), closed at the ends.

    `square` is the superellipse exponent (2 an ellipse, more is boxier). u runs once around from the back, so
    that the front is u = 0.5; v is metres along z. `repeat` multiplies both.
    """
    table = np.atleast_2d(np.asarray(rings, dtype=np.float64))
    if table.shape[1] == 3:
        table = np.column_stack([table, np.zeros(len(table))])
    table = table[np.argsort(table[:, 0], kind="stable")]
    ends = table[[0, -1]].copy()
    ends[:, 1:3] = 1e-5
    table = np.concatenate([ends[:1], table, ends[1:]])
    theta = np.linspace(-np.pi / 2, 1.5 * np.pi, around + 1)
    cosine, sine = np.cos(theta), np.sin(theta)
    power = 2.0 / square
    x = np.sign(cosine) * np.abs(cosine) ** power
    y = np.sign(sine) * np.abs(sine) ** power
    points = np.stack(
        [
            table[:, 1:2] * x,
            table[:, 2:3] * y + table[:, 3:4],
            np.repeat(table[:, :1], around + 1, axis=1),
        ],
        axis=2,
    )
    points[:, -1] = points[:, 0]
    u = np.broadcast_to(np.linspace(0, 1, around + 1), points.shape[:2])
    return grid_mesh(points, np.stack([u, points[:, :, 2]], axis=2) * repeat, colour)


def ellipsoid(radii: ArrayLike, centre: ArrayLike, colour: ArrayLike, around: int = 12, rings: int = 9) -> Mesh:
    """Make an ellipsoid; u around from the back (front is 0.5), v from 0 at the bottom to 1 at the top."""
    phi = np.linspace(-np.pi / 2, np.pi / 2, rings)[:, None]
    theta = np.linspace(-np.pi / 2, 1.5 * np.pi, around + 1)[None, :]
    unit = np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi) + 0 * theta], axis=2)
    points = unit * np.asarray(radii) + np.asarray(centre)
    u = np.broadcast_to(np.linspace(0, 1, around + 1), points.shape[:2])
    v = np.broadcast_to(np.linspace(0, 1, rings)[:, None], points.shape[:2])
    mesh = grid_mesh(points, np.stack([u, v], axis=2), colour)
    normals = (unit / np.asarray(radii)).reshape(-1, 3)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Mesh(mesh.vertices, normals, mesh.uv, mesh.colours, mesh.triangles)


def quad(corners: ArrayLike, colour: ArrayLike, uv: ArrayLike = ((0, 0), (1, 0), (1, 1), (0, 1))) -> Mesh:
    """Make a flat quad, corners (4, 3) counter-clockwise as seen from its visible side."""
    points = np.asarray(corners, dtype=np.float64)
    normal = np.cross(points[1] - points[0], points[2] - points[0])
    normal /= np.linalg.norm(normal)
    colours = np.broadcast_to(np.asarray(colour, dtype=np.float64), (4, 3)).copy()
    triangles = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.uint16)
    return Mesh(points, np.tile(normal, (4, 1)), np.asarray(uv, dtype=np.float64), colours, triangles)


def box(size: ArrayLike, centre: ArrayLike, colour: ArrayLike) -> Mesh:
    """Make an axis-aligned box of `size` (x, y, z) around `centre`; uv in metres on every face."""
    half = np.asarray(size, dtype=np.float64) / 2
    faces = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            first, second = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
            signs = ((-1, -1), (1, -1), (1, 1), (-1, 1)) if sign > 0 else ((-1, -1), (-1, 1), (1, 1), (1, -1))
            corners = [(sign * np.eye(3)[axis] + a * first + b * second) * half + centre for a, b in signs]
            extents = [2 * half[(axis + 1) % 3], 2 * half[(axis + 2) % 3]]
            uv = [((a + 1) / 2 * extents[0], (b + 1) / 2 * extents[1]) for a, b in signs]
            faces.append(quad(corners, colour, uv))
    return merge(faces)


def merge(meshes: list[Mesh]) -> Mesh:
    """One mesh of several (up to 65 536 vertices together)."""
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.uv for mesh in meshes]),
        np.concatenate([mesh.colours for mesh in meshes]),
        np.concatenate([mesh.triangles + offset for mesh, offset in zip(meshes, offsets, strict=True)]).astype(
            np.uint16
        ),
    )
