"""The few Panda3D objects that the renderer is made of: buffers, geometry, textures, flat states."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from panda3d import core

from spoton_scenes.errors import RendererError
from spoton_scenes.fabrics import Image
from spoton_scenes.meshes import Mesh

_VERTEX = np.dtype([("position", "<f4", 3), ("normal", "<f4", 3), ("colour", "u1", 4), ("uv", "<f4", 2)])
_FLAT_PRIORITY = 1000


@cache
def software_pipe() -> core.GraphicsPipe:
    """Return the software renderer (p3tinydisplay): needs neither display nor GPU.

    Raises RendererError when the wheel comes without it.
    """
    core.load_prc_file_data(
        "",
        "window-type offscreen\naudio-library-name null\nnotify-level-display error\n",
    )
    pipe = core.GraphicsPipeSelection.get_global_ptr().make_pipe("TinyOffscreenGraphicsPipe", "p3tinydisplay")
    if pipe is None:
        raise RendererError("panda3d has no p3tinydisplay (its software renderer)")
    return pipe


class Canvas:
    """An offscreen buffer with one camera, read back as BGRA."""

    def __init__(self, name: str, width_px: int, height_px: int) -> None:
        pipe = software_pipe()
        self._engine = core.GraphicsEngine.get_global_ptr()
        self._size = (width_px, height_px)
        buffer = self._engine.make_output(
            pipe, name, 0, core.FrameBufferProperties(), core.WindowProperties.size(width_px, height_px),
            core.GraphicsPipe.BF_refuse_window,
        )  # fmt: skip
        if buffer is None:
            raise RendererError(f"no {width_px}x{height_px} offscreen buffer")
        self._buffer = buffer
        self._texture = core.Texture(name)
        buffer.add_render_texture(self._texture, core.GraphicsOutput.RTM_copy_ram)
        self.lens = core.PerspectiveLens()
        self.lens.set_film_size(width_px, height_px)
        self.lens.set_near_far(0.3, 120.0)
        self.camera = core.NodePath(core.Camera(f"{name}-camera", self.lens))
        buffer.make_display_region().set_camera(self.camera)
        buffer.set_active(False)

    def set_background(self, red: float, green: float, blue: float) -> None:
        """Colour of what nothing covers."""
        self._buffer.set_clear_color((red, green, blue, 1.0))

    def draw(self) -> NDArray[np.uint8]:
        """Render what the camera sees now: (height, width, 4) BGRA, row 0 at the top, a copy."""
        self._buffer.set_active(True)
        self._engine.render_frame()
        self._buffer.set_active(False)
        width, height = self._size
        raw = np.frombuffer(self._texture.get_ram_image(), dtype=np.uint8)
        return raw.reshape(height, width, 4)[::-1].copy()

    def close(self) -> None:
        """Free the buffer."""
        self._engine.remove_window(self._buffer)


def geometry_node(name: str, mesh: Mesh) -> core.GeomNode:
    """Make a node that draws the mesh."""
    table = np.zeros(len(mesh.vertices), dtype=_VERTEX)
    table["position"], table["normal"], table["uv"] = mesh.vertices, mesh.normals, mesh.uv
    # the software renderer multiplies by the vertex colour twice when lights are on
    table["colour"][:, :3] = np.sqrt(np.clip(mesh.colours, 0, 1)) * 255 + 0.5
    table["colour"][:, 3] = 255
    data = core.GeomVertexData(name, core.GeomVertexFormat.get_v3n3c4t2(), core.Geom.UH_static)
    data.unclean_set_num_rows(len(table))
    memoryview(data.modify_array(0)).cast("B")[:] = table.tobytes()
    triangles = core.GeomTriangles(core.Geom.UH_static)
    triangles.set_index_type(core.Geom.NT_uint16)
    indices = triangles.modify_vertices()
    indices.unclean_set_num_rows(mesh.triangles.size)
    memoryview(indices).cast("B")[:] = mesh.triangles.astype("<u2").tobytes()
    geom = core.Geom(data)
    geom.add_primitive(triangles)
    node = core.GeomNode(name)
    node.add_geom(geom)
    return node


def texture_of(name: str, picture: Image) -> core.Texture:
    """Turn an RGB or RGBA picture (row 0 at the top) into a repeating, filtered texture."""
    picture = _power_of_two(picture)
    height, width, channels = picture.shape
    texture = core.Texture(name)
    kind = core.Texture.F_rgba if channels == 4 else core.Texture.F_rgb
    texture.setup_2d_texture(width, height, core.Texture.T_unsigned_byte, kind)
    order = [2, 1, 0, 3][:channels]
    texture.set_ram_image(np.ascontiguousarray(picture[::-1, :, order]).tobytes())
    texture.set_minfilter(core.SamplerState.FT_linear_mipmap_linear)
    texture.set_magfilter(core.SamplerState.FT_linear)
    return texture


def _power_of_two(picture: Image) -> Image:
    """Resize to powers of two: the software renderer takes no other textures."""
    height, width = (1 << (length - 1).bit_length() for length in picture.shape[:2])
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def flat_state(number: int) -> core.RenderState:
    """Make a state that paints everything in the colour that stands for `number` (0…65535)."""
    # the renderer cuts colours down to bytes: aim at the middle of each step
    low, high = (((number >> shift & 0xFF) + 0.5) / 256.0 if number >> shift & 0xFF else 0.0 for shift in (0, 8))
    colour = core.LVecBase4(low, high, 0.0, 1.0)
    return core.RenderState.make(
        core.ColorAttrib.make_flat(colour),
        core.LightAttrib.make_all_off(),
        core.TextureAttrib.make_all_off(),
        core.TransparencyAttrib.make(core.TransparencyAttrib.M_none),
        _FLAT_PRIORITY,
    )


def numbers_of(image: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Read the numbers painted by `flat_state`, per pixel of a BGRA image."""
    numbers: NDArray[np.uint16] = image[:, :, 2].astype(np.uint16)
    numbers |= image[:, :, 1].astype(np.uint16) << np.uint16(8)
    return numbers
