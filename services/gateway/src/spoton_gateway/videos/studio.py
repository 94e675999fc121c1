"""Draws the pictures of one piece of a video; everything it needs is in memory or in local files. Blocking."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from spoton_gateway.videos import lettering
from spoton_gateway.videos.canvas import Canvas
from spoton_gateway.videos.captions import Footer, actions_at
from spoton_gateway.videos.colours import UNKNOWN
from spoton_gateway.videos.facts import CameraFacts, PieceFacts
from spoton_gateway.videos.floor import Extent, Floor, FloorPicture
from spoton_gateway.videos.motion import Seen, Track, seen_at
from spoton_gateway.videos.overlay import Blur, Pen, annotate, hide
from spoton_gateway.videos.pictures import Part, Pictures
from spoton_gateway.videos.pieces import PieceWriter
from spoton_gateway.videos.plan import Cell, Layout, Timeline, fitted, font_size

_BRIDGED_TICKS = 3.5  # a box goes on over a picture or two in which the detector missed it
_HIDDEN_BRIDGE_S, _HIDDEN_HOLD_S = 3.0, 0.6
"""Who is blurred stays so while nobody finds them, and some time before and behind: better too much than a face."""


@dataclass(frozen=True, slots=True)
class Script:
    """How one video is drawn."""

    cameras: tuple[CameraFacts, ...]
    layout: Layout
    timeline: Timeline
    name: str
    blur: Blur
    processing_fps: float
    scene: Mapping[str, object]
    floor_cell: Cell | None
    floor_extent: Extent | None
    floor_picture: FloorPicture | None

    @property
    def wide(self) -> bool:
        """Whether players take the colours for those of BT.709: pictures of high definition."""
        return self.layout.height >= 720


class _View:
    """One camera's place in the picture."""

    def __init__(self, script: Script, camera: CameraFacts, place: Canvas, parts: Sequence[Part], pen: Pen) -> None:
        self._script, self._camera, self._place, self._pen = script, camera, place, pen
        self._scale = (place.width / camera.image_width, place.height / camera.image_height)
        self._pictures = Pictures(parts, place.width, place.height, wide=script.wide)
        self._hold_s = 0.5 / script.processing_fps
        self._name = None
        if len(script.cameras) > 1:
            self._name = lettering.label(camera.camera_id, UNKNOWN, pen.font_px, wide=script.wide)

    def draw(self, index: int, tracks: Sequence[Track], actions: dict[int, str]) -> None:
        """Show the camera's picture of a moment, with what is known of it."""
        timeline = self._script.timeline
        moment = timeline.time_s(index)
        picture = self._pictures.at(moment, Fraction(1, 2) / timeline.fps)
        if picture is None:
            self._place.clear()
            return
        self._place.put(picture)
        time_s = float(moment)
        if self._script.blur != "none":
            hidden = self._seen(tracks, time_s, _HIDDEN_BRIDGE_S, _HIDDEN_HOLD_S)
            hide(self._place, [seen for seen in hidden if seen.is_person], self._script.blur)
        seen = self._seen(tracks, time_s, _BRIDGED_TICKS / self._script.processing_fps, self._hold_s)
        annotate(self._place, seen, actions, self._pen)
        if self._name is not None:
            self._place.stamp(self._name, self._pen.font_px // 2, self._pen.font_px // 2)

    def _seen(self, tracks: Sequence[Track], time_s: float, bridge_s: float, hold_s: float) -> list[Seen]:
        across, down = self._scale
        return [
            Seen(
                s.track_id,
                s.class_name,
                (s.box[0] * across, s.box[1] * down, s.box[2] * across, s.box[3] * down),
                s.global_id,
            )
            for s in seen_at(tracks, time_s, bridge_s, hold_s)
        ]


class Studio:
    """Draws piece after piece; the videos are opened once and read on."""

    def __init__(self, script: Script, parts: Mapping[str, Sequence[Part]]) -> None:
        self._script = script
        layout = script.layout
        self._picture, self._memory = Canvas.new(layout.width, layout.height, wide=script.wide)
        size = font_size(layout.cameras[0].height)
        self._views = {
            camera.camera_id: _View(
                script,
                camera,
                _part(self._picture, fitted(camera.image_width, camera.image_height, cell)),
                parts[camera.camera_id],
                Pen.of(size),
            )
            for camera, cell in zip(script.cameras, layout.cameras, strict=True)
        }
        self._footer = Footer(_part(self._picture, layout.footer), script.name, font_size(layout.footer.y))
        self._floor = self._make_floor()

    def _make_floor(self) -> Floor | None:
        script = self._script
        if script.floor_cell is None or script.floor_extent is None:
            return None
        place = _part(self._picture, script.floor_cell)
        inset = script.layout.floor is None
        return Floor(place, script.scene, script.floor_extent, script.floor_picture, inset=inset)

    def draw(self, pictures: range, facts: PieceFacts, writer: PieceWriter, on_picture: Callable[[int], None]) -> None:
        """Draw a piece; ``on_picture`` is told each picture that is done and may raise to end it."""
        script = self._script
        for index in pictures:
            time_s = float(script.timeline.time_s(index))
            actions = actions_at(facts.events, time_s)
            for camera_id, view in self._views.items():
                view.draw(index, facts.tracks.get(camera_id, ()), actions)
            if self._floor is not None:
                self._floor.draw(facts.walks, time_s, max(1.0, 2 / script.processing_fps))
            self._footer.draw(facts.events, time_s)
            writer.write(self._memory)
            on_picture(index)


def _part(canvas: Canvas, cell: Cell) -> Canvas:
    return canvas.part(cell.x, cell.y, cell.width, cell.height)
