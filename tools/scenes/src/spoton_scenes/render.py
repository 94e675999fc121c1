"""Draws a scene as its cameras see it, with exact boxes. Panda3D's software renderer: no display, no GPU.

Three kinds of image are drawn from the same geometry: the picture, the numbers of whoever is seen
(obstacles and walls paint 0), and the numbers of people alone (people whose silhouettes cannot touch share
one such image).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray
from panda3d import core

from spoton_scenes.cameras import Camera
from spoton_scenes.errors import SceneArgumentError
from spoton_scenes.figures import Figure, number_states
from spoton_scenes.panda import Canvas, geometry_node, numbers_of, texture_of
from spoton_scenes.scene import PersonState, Scene
from spoton_scenes.shadows import Shadows
from spoton_scenes.surroundings import build_surroundings
from spoton_scenes.truth import PersonBox, Window, disjoint_groups, measure_silhouette

_PICTURE, _TOGETHER, _ALONE = (core.BitMask32.bit(bit) for bit in range(3))


@dataclass(frozen=True)
class RenderedFrame:
    """image: (height, width, 3) BGR uint8; boxes: all whose silhouettes touch the image, hidden or not."""

    image: NDArray[np.uint8]
    boxes: list[PersonBox]


class SceneRenderer:
    """Renders one scene at one image size; use as a context manager or call close().

    `supersample` draws the picture that many times larger and averages it down (smooth edges); boxes stay
    exact for the image size. Raises SceneArgumentError for an empty image, RendererError without the
    renderer.
    """

    def __init__(self, scene: Scene, width_px: int, height_px: int, supersample: float = 1.0) -> None:
        if width_px <= 0 or height_px <= 0 or supersample < 1:
            raise SceneArgumentError("the image must have a positive size and supersample be at least 1")
        self._scene = scene
        self._size = (width_px, height_px)
        self._cameras = tuple(camera.resized(width_px, height_px) for camera in scene.cameras)
        self._root = core.NodePath("scene")
        self._people = self._root.attach_new_node("people")
        self._figures = [Figure(person, index + 1, self._people) for index, person in enumerate(scene.people)]
        self._shadows = Shadows(self._root, scene, core.BitMask32.all_on() & ~_PICTURE)
        self._build_world()
        self._light()
        drawn = (round(width_px * supersample), round(height_px * supersample))
        self._picture = self._canvas("picture", drawn, _PICTURE)
        self._picture.set_background(*scene.look.sky)
        self._together = self._number_canvas("together", _TOGETHER)
        self._alone = self._number_canvas("alone", _ALONE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the buffers."""
        for canvas in (self._picture, self._together, self._alone):
            canvas.close()
        self._root.remove_node()

    def render(self, camera_index: int, states: Sequence[PersonState]) -> RenderedFrame:
        """Draw what camera `camera_index` sees while exactly the people of `states` are there."""
        camera = self._cameras[camera_index]
        for canvas in (self._picture, self._together, self._alone):
            _aim(canvas, camera)
        self._place(states)
        image = self._draw_picture(camera)
        return RenderedFrame(image, self._measure(camera, states))

    def _place(self, states: Sequence[PersonState]) -> None:
        for figure in self._figures:
            figure.hide()
        for state in states:
            self._figures[state.index].place(state)
        self._shadows.place(states)

    def _draw_picture(self, camera: Camera) -> NDArray[np.uint8]:
        drawn = self._picture.draw()
        if drawn.shape[1::-1] != self._size:
            # below a factor of two linear looks the same as the area average, at a seventh of its time
            method = cv2.INTER_AREA if drawn.shape[1] >= 2 * self._size[0] else cv2.INTER_LINEAR
            drawn = np.asarray(cv2.resize(drawn, self._size, interpolation=method), dtype=np.uint8)
        image = np.asarray(cv2.cvtColor(drawn, cv2.COLOR_BGRA2BGR), dtype=np.uint8)
        if camera.gains_bgr != (1.0, 1.0, 1.0):
            ramp = np.arange(256)[:, None] * np.asarray(camera.gains_bgr)
            table = np.clip(ramp + 0.5, 0, 255).astype(np.uint8)[:, None, :]
            image = np.asarray(cv2.LUT(image, table), dtype=np.uint8)
        return image

    def _measure(self, camera: Camera, states: Sequence[PersonState]) -> list[PersonBox]:
        windows = {state.index: window for state in states if (window := self._window(camera, state)) is not None}
        if not windows:
            return []
        together = numbers_of(self._together.draw())
        measured: dict[int, tuple[Window, float]] = {}
        for group in disjoint_groups(windows):
            alone = self._draw_alone(group, list(windows))
            for index in group:
                result = measure_silhouette(index + 1, alone, together, windows[index])
                if result is not None:
                    measured[index] = result
        return [self._person_box(state, *measured[state.index]) for state in states if state.index in measured]

    def _draw_alone(self, group: list[int], present: list[int]) -> NDArray[np.uint16]:
        for index in set(present).difference(group):
            self._figures[index].root.hide()
        numbers = numbers_of(self._alone.draw())
        for index in present:
            self._figures[index].root.show()
        return numbers

    def _person_box(self, state: PersonState, box: Window, visibility: float) -> PersonBox:
        bbox = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
        return PersonBox(self._scene.people[state.index].person_id, bbox, visibility, (state.x_m, state.y_m))

    def _window(self, camera: Camera, state: PersonState) -> Window | None:
        """Pixels that surely hold the person's whole silhouette; None when it is out of the image."""
        reach, top = 0.75, self._scene.people[state.index].looks.height_m * 1.1
        offsets = np.array([(x, y, z) for x in (-reach, reach) for y in (-reach, reach) for z in (-0.1, top)])
        pixels, depth = camera.project(offsets + np.array([state.x_m, state.y_m, 0.0]))
        if np.all(depth <= 0.3):
            return None
        width, height = self._size
        if np.any(depth <= 0.3):
            return 0, 0, width, height
        low, high = np.floor(pixels.min(axis=0)).astype(int) - 1, np.ceil(pixels.max(axis=0)).astype(int) + 1
        x1, y1, x2, y2 = (
            max(0, int(low[0])),
            max(0, int(low[1])),
            min(width, int(high[0])),
            min(height, int(high[1])),
        )
        return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None

    def _build_world(self) -> None:
        world = self._root.attach_new_node("world")
        world.hide(_ALONE)
        for order, surface in enumerate(build_surroundings(self._scene)):
            node = world.attach_new_node(geometry_node("surface", surface.mesh))
            if surface.texture is not None:
                node.set_texture(texture_of("surface", surface.texture))
            if not surface.occludes:  # under everybody: painted first, in order, without depth
                node.set_bin("background", order)
                node.set_depth_write(False)
                node.set_depth_test(False)
                node.hide(_TOGETHER)

    def _light(self) -> None:
        look = self._scene.look
        ambient = core.AmbientLight("ambient")
        ambient.set_color((*look.ambient, 1))
        self._root.set_light(self._root.attach_new_node(ambient))
        x, y, z = look.key_direction
        for name, colour, direction in (("key", look.key, (x, -y, z)), ("fill", look.fill, (-x, y, z))):
            light = core.DirectionalLight(name)
            light.set_color((*colour, 1))
            light.set_direction(direction)
            self._root.set_light(self._root.attach_new_node(light))

    def _canvas(self, name: str, size: tuple[int, int], mask: core.BitMask32) -> Canvas:
        canvas = Canvas(name, *size)
        canvas.camera.reparent_to(self._root)
        canvas.camera.node().set_camera_mask(mask)
        return canvas

    def _number_canvas(self, name: str, mask: core.BitMask32) -> Canvas:
        canvas = self._canvas(name, self._size, mask)
        canvas.set_background(0, 0, 0)
        number_states(canvas.camera.node(), range(1, len(self._figures) + 1))
        return canvas


def _aim(canvas: Canvas, camera: Camera) -> None:
    """Give the canvas the camera's position, direction and focal length (the world mirrors the floor's y)."""
    (x, y, z), (tx, ty, tz) = camera.position_m, camera.target_m
    canvas.camera.set_pos(x, -y, z)
    canvas.camera.look_at(tx, -ty, tz)
    film = canvas.lens.get_film_size()
    canvas.lens.set_focal_length(camera.focal_px * film[0] / camera.width_px)
