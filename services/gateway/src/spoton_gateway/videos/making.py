"""One video from its row to its file: what stands in the database and the media, nothing is looked at anew."""

import asyncio
import io
import shutil
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from spoton_common import metrics
from spoton_common.logging import get_logger
from spoton_common.storage import Storage, StorageError

from spoton_gateway.database import Database
from spoton_gateway.errors import VideoFailed
from spoton_gateway.videos import facts, plan
from spoton_gateway.videos.facts import CameraFacts, MediaFacts, TaskFacts
from spoton_gateway.videos.floor import Extent, FloorPicture, extent_of, inset_cell
from spoton_gateway.videos.pictures import Part, look_into
from spoton_gateway.videos.pieces import PieceWriter, WorkFolder, join
from spoton_gateway.videos.rows import VideoRow
from spoton_gateway.videos.studio import Script, Studio

_log = get_logger()

WORK_PREFIX = ".making-"
SOURCES = "-sources-"

_FITTING_TICKS = 1  # a sub-video begins where the one before ended if its first tick is no further from there
_MAX_FLOOR_PIXELS = 20_000_000


class Given(Exception):
    """The video is no longer this worker's, or the worker is told to stop."""


class Maker:
    """Makes one video; ``say`` is told how many pictures are done, and whether they are safe."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        folder: Path,
        stop: threading.Event,
        say: Callable[[int, bool], None],
    ) -> None:
        self._database, self._storage, self._folder = database, storage, folder
        self._stop, self._say = stop, say

    async def make(self, row: VideoRow, planned: Callable[[int, int], Awaitable[None]]) -> tuple[WorkFolder, Path]:
        """Draw what is missing and return the work folder and the finished file in it.

        ``planned`` is told how many pictures it will have, and which identity revision it shows. ``VideoFailed`` with
        the reason, ``Given`` once ``stop`` is set.
        """
        work_path = self._folder / f"{WORK_PREFIX}{row.video_id}"
        async with self._database.connection() as connection:
            task = await facts.read_task(connection, row.wanted.task_id)
        cameras = _chosen(task, row.wanted.camera_id)
        assert task is not None
        sources = work_path.with_name(f"{work_path.name}{SOURCES}{uuid.uuid4().hex}")
        async with _temporary(sources):
            parts = {c.camera_id: await self._parts(task, c, sources) for c in cameras}
            script = await self._script(task, cameras, parts, row, sources)
            work = WorkFolder(work_path, _fingerprint(script, task))
            await asyncio.to_thread(work.open)
            await planned(script.timeline.frames, task.revision)
            await self._draw(task, script, parts, work)
            return work, await asyncio.to_thread(join, work, script.timeline)

    async def _draw(
        self, task: TaskFacts, script: Script, parts: Mapping[str, Sequence[Part]], work: WorkFolder
    ) -> None:
        studio = None
        for index, pictures in enumerate(script.timeline.pieces()):
            is_new = not work.has(index)
            if is_new:
                studio = studio or Studio(script, parts)
                async with self._database.connection() as connection:
                    from_s, to_s = (script.timeline.time_s(i) for i in (pictures.start, pictures.stop))
                    piece = await facts.read_piece(connection, task, from_s, to_s)
                await asyncio.to_thread(self._draw_piece, studio, script, pictures, piece, work.piece(index))
            self._say(pictures.stop, is_new)

    def _draw_piece(self, studio: Studio, script: Script, pictures: range, piece: facts.PieceFacts, path: Path) -> None:
        def on_picture(index: int) -> None:
            if self._stop.is_set():
                raise Given
            self._say(index + 1, False)
            metrics.VIDEO_FRAMES.labels("videos").inc()

        with PieceWriter(path, script.layout, script.timeline) as writer:
            studio.draw(pictures, piece, writer, on_picture)

    async def _script(
        self,
        task: TaskFacts,
        cameras: Sequence[CameraFacts],
        parts: Mapping[str, Sequence[Part]],
        row: VideoRow,
        sources: Path,
    ) -> Script:
        spans = [_span(task, c, parts[c.camera_id]) for c in cameras if parts[c.camera_id]]
        rates = [part.timing.fps for p in parts.values() for part in p]
        if not spans:
            raise VideoFailed("nothing is known of where its pictures came from")
        picture, extent = await self._floor(task, cameras, sources)
        layout, cell = await self._layout(task, cameras, extent, as_grid=row.wanted.camera_id is None)
        name = cameras[0].camera_id if row.wanted.camera_id else str(task.scene.get("name") or "")
        return Script(
            tuple(cameras),
            layout,
            plan.timeline(spans, rates),
            name,
            row.wanted.blur,
            task.processing_fps,
            task.scene,
            cell,
            extent,
            picture,
        )

    async def _layout(
        self, task: TaskFacts, cameras: Sequence[CameraFacts], extent: Extent | None, *, as_grid: bool
    ) -> tuple[plan.Layout, plan.Cell | None]:
        """Return where things stand, and the place of the floor if it is shown."""
        if as_grid:
            sizes = [(camera.image_width, camera.image_height) for camera in cameras]
            layout = plan.grid(sizes, with_floor=extent is not None)
            return layout, layout.floor
        layout = plan.single(cameras[0].image_width, cameras[0].image_height)
        return layout, await self._inset(task, cameras[0], extent, layout.cameras[0])

    async def _floor(
        self, task: TaskFacts, cameras: Sequence[CameraFacts], sources: Path
    ) -> tuple[FloorPicture | None, Extent | None]:
        if not any(camera.on_floor for camera in cameras):
            return None, None
        async with self._database.connection() as connection:
            walked = await facts.read_floor_extent(connection, task.task_id)
        picture = await self._floor_picture(task, sources)
        return picture, extent_of(task.scene, walked, picture)

    async def _inset(
        self, task: TaskFacts, camera: CameraFacts, extent: Extent | None, shown: plan.Cell
    ) -> plan.Cell | None:
        if extent is None:
            return None
        wanted = inset_cell(extent, shown.width, shown.height, "upper_right")
        across, down = camera.image_width / shown.width, camera.image_height / shown.height
        async with self._database.connection() as connection:
            corner = await facts.read_emptiest_corner(
                connection, task.task_id, camera, wanted.width * across, wanted.height * down
            )
        return inset_cell(extent, shown.width, shown.height, corner)

    async def _floor_picture(self, task: TaskFacts, sources: Path) -> FloorPicture | None:
        described = task.scene.get("floor_map")
        if not described:
            return None
        try:
            path = await self._local(described["image"], sources / "floor")
            image = await asyncio.to_thread(_read_picture, path)
        except (StorageError, OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            _log.warning("the floor's picture cannot be read: a grid is drawn", task=task.task_id, error=str(error))
            return None
        size, (column, line) = described["metres_per_pixel"], described["origin_px"]
        x, y = -column * size, -line * size
        return FloorPicture(image, (x, y, x + image.width * size, y + image.height * size))

    async def _parts(self, task: TaskFacts, camera: CameraFacts, sources: Path) -> list[Part]:
        """Find a camera's videos and when each begins, as ingest counted it."""
        parts: list[Part] = []
        for media in task.media:
            if media.camera_id == camera.camera_id:
                parts.append(await self._part(task, camera, media, parts, sources))
        return parts

    async def _part(
        self, task: TaskFacts, camera: CameraFacts, media: MediaFacts, before: Sequence[Part], sources: Path
    ) -> Part:
        try:
            path = await self._local(media.uri, sources / uuid.uuid4().hex)
        except StorageError as error:
            raise VideoFailed(f"the video {media.filename} of camera {camera.camera_id} is gone ({error})") from error
        timing = await asyncio.to_thread(look_into, path, media.filename)
        expected = before[-1].end_s if before else Fraction(camera.clock_offset_s).limit_denominator(10**6)
        tick_s = task.origin_s + media.first_tick / task.processing_fps
        fits = abs(float(expected) - tick_s) <= _FITTING_TICKS / task.processing_fps
        start_s = expected if fits else Fraction(media.first_s).limit_denominator(10**6)
        return Part(path, timing, start_s)

    async def _local(self, uri: str, target: Path) -> Path:
        """Return a file that holds what lies at a URI; what is not on this machine is fetched."""
        path = self._storage.local_path(uri)
        if path is None:
            target.parent.mkdir(parents=True, exist_ok=True)
            await self._storage.fetch(uri, target)
            path = target
        return path


def _chosen(task: TaskFacts | None, camera_id: str | None) -> list[CameraFacts]:
    """Return the cameras to show; ``VideoFailed`` if there is nothing of them."""
    if task is None:
        raise VideoFailed("the task has been removed")
    if task.outcome == "FAILED":
        raise VideoFailed(f"the task failed: {task.message or 'see its status'}")
    cameras = [camera for camera in task.cameras if camera_id in (None, camera.camera_id)]
    if not cameras:
        raise VideoFailed("no picture was processed, so there is nothing to show")
    return cameras


def _span(task: TaskFacts, camera: CameraFacts, parts: Sequence[Part]) -> tuple[Fraction, Fraction]:
    """Return from when to when a camera is shown: to where the task was stopped, else all of its videos."""
    start_s, end_s = parts[0].start_s, parts[-1].end_s
    if task.outcome == "STOPPED":
        end_s = min(end_s, Fraction(camera.last_s + 1 / task.processing_fps).limit_denominator(1000))
    return start_s, max(end_s, start_s)


def _fingerprint(script: Script, task: TaskFacts) -> object:
    """Return what pieces of an earlier attempt must agree with."""
    timeline = script.timeline
    return {
        "revision": task.revision,
        "blur": script.blur,
        "start": str(timeline.start_s),
        "fps": str(timeline.fps),
        "frames": timeline.frames,
        "size": [script.layout.width, script.layout.height],
        "floor": str(script.floor_cell),
    }


def _read_picture(path: Path) -> Image.Image:
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        if image.width * image.height > _MAX_FLOOR_PIXELS:
            raise OSError(f"it has more than {_MAX_FLOOR_PIXELS} pixels")
        return image.convert("RGB")


@asynccontextmanager
async def _temporary(folder: Path) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
