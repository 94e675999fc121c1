"""Soft shadows on the floor under people."""

from collections.abc import Sequence
from math import atan2, degrees, hypot

import numpy as np
from panda3d import core

from spoton_scenes.fabrics import Image
from spoton_scenes.meshes import quad
from spoton_scenes.panda import geometry_node, texture_of
from spoton_scenes.scene import PersonState, Scene


class Shadows:
    """One dark, soft patch per person, drawn onto the floor before anything stands on it."""

    def __init__(self, root: core.NodePath, scene: Scene, hidden_from: core.BitMask32) -> None:
        x, y, _ = scene.look.key_direction
        turn, length = degrees(atan2(-y, x)), 0.5 + 0.9 * hypot(x, y)
        texture = texture_of("shadow", _soft_spot())
        mesh = quad([(-0.45, -0.42, 0), (length, -0.42, 0), (length, 0.42, 0), (-0.45, 0.42, 0)], (1.0, 1.0, 1.0))
        self._patches = []
        for _ in scene.people:
            patch = root.attach_new_node(geometry_node("shadow", mesh))
            patch.set_texture(texture)
            patch.set_light_off()
            patch.set_transparency(core.TransparencyAttrib.M_alpha)
            patch.set_bin("background", 100)
            patch.set_depth_write(False)
            patch.set_depth_test(False)
            patch.hide(hidden_from)
            patch.set_h(turn)
            self._patches.append(patch)

    def place(self, states: Sequence[PersonState]) -> None:
        """Put a patch under everybody who is there."""
        for patch in self._patches:
            patch.stash()
        for state in states:
            self._patches[state.index].unstash()
            self._patches[state.index].set_pos(state.x_m, -state.y_m, 0)


def _soft_spot() -> Image:
    v, u = np.mgrid[0:64, 0:64] / 63 * 2 - 1
    distance = np.hypot(v, u * 0.95 + 0.05)
    spot = np.zeros((64, 64, 4), dtype=np.uint8)
    spot[:, :, 3] = np.clip(135 * np.clip(1 - distance, 0, 1) ** 1.2 * 1.3, 0, 135)
    return spot
