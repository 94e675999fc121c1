import numpy as np
import pytest
from spoton_scenes.cameras import Camera
from spoton_scenes.presets import build_scene, find_preset
from spoton_scenes.random_scenes import random_people
from spoton_scenes.scene import Scene


@pytest.fixture
def plain_scene():
    """Builds a room with one camera at (0.3, 5) looking along +x, some people and obstacles."""

    def build(people=2, obstacles=()):
        camera = Camera("c0", (0.3, 5.0, 2.5), (6.0, 5.0, 1.0), 300, 480, 270)
        look = build_scene(find_preset("easy"), 1).look
        crowd = random_people(np.random.default_rng(3), people)
        return Scene("plain", 3, 12.0, 10.0, (camera,), crowd, tuple(obstacles), (), look)

    return build
