"""Films a scene: every camera, every batch, on as many processes as there are cores."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import cv2

from spoton_scenes.paths import simulate
from spoton_scenes.presets import Preset, build_scene
from spoton_scenes.render import SceneRenderer
from spoton_scenes.scene import PersonState, Scene
from spoton_scenes.truth import PersonBox
from spoton_scenes.video import VideoWriter

SUPERSAMPLE = 1.5
"""Smooth edges for a third more time."""


@dataclass(frozen=True)
class Film:
    """A scene in motion: states[k] is who is where at frame k (k / fps seconds)."""

    scene: Scene
    states: list[list[PersonState]]
    fps: int
    batch_frames: tuple[int, ...]

    def batch_start(self, batch: int) -> int:
        """Return the first frame of a batch."""
        return sum(self.batch_frames[:batch])


@dataclass(frozen=True)
class BatchTruth:
    """What one camera showed in one batch: boxes[i] belongs to frame batch_start + i."""

    camera_index: int
    batch: int
    boxes: list[list[PersonBox]]


def plan_film(preset: Preset, seed: int) -> Film:
    """Build the scene and walk everybody through it; the last batch takes the frames that are left over."""
    scene = build_scene(preset, seed)
    total = round(preset.batches * preset.batch_seconds * preset.fps)
    states = simulate(scene, total / preset.fps, preset.fps)
    edges = [round(total * batch / preset.batches) for batch in range(preset.batches + 1)]
    sizes = tuple(second - first for first, second in pairwise(edges))
    return Film(scene, states, preset.fps, sizes)


def sub_video_name(camera_id: str, batch: int) -> str:
    """Path of a sub-video inside the environment folder; batches count from 0, file names from 1."""
    return f"{camera_id}/sub_video_{batch + 1:02d}.mp4"


def shoot(film: Film, folder: Path, processes: int | None = None) -> Iterator[BatchTruth]:
    """Render all sub-videos into `folder` and yield each one's truth as it is finished, in any order."""
    jobs = [(camera, batch) for batch in range(len(film.batch_frames)) for camera in range(len(film.scene.cameras))]
    workers = min(processes or len(os.sched_getaffinity(0)), len(jobs))
    with ProcessPoolExecutor(workers, get_context("spawn"), _open_studio, (film, folder)) as pool:
        futures = [pool.submit(_shoot_batch, camera, batch) for camera, batch in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


class _Studio:
    """What a worker process keeps between jobs; its renderer is made by the first."""

    def __init__(self, film: Film, folder: Path) -> None:
        camera = film.scene.cameras[0]
        self.film, self.folder = film, folder
        self.size = (camera.width_px, camera.height_px)

    @cached_property
    def renderer(self) -> SceneRenderer:
        """The renderer of the film's scene."""
        return SceneRenderer(self.film.scene, *self.size, supersample=SUPERSAMPLE)


_studio: _Studio | None = None


def _open_studio(film: Film, folder: Path) -> None:
    global _studio  # a worker process has exactly one
    cv2.setNumThreads(1)  # the processes share the cores already
    _studio = _Studio(film, folder)


def _shoot_batch(camera_index: int, batch: int) -> BatchTruth:
    if _studio is None:
        raise RuntimeError("the worker process was not initialised")
    film = _studio.film
    path = _studio.folder / sub_video_name(film.scene.cameras[camera_index].camera_id, batch)
    path.parent.mkdir(parents=True, exist_ok=True)
    first = film.batch_start(batch)
    boxes = []
    with VideoWriter(path, *_studio.size, film.fps) as video:
        for states in film.states[first : first + film.batch_frames[batch]]:
            frame = _studio.renderer.render(camera_index, states)
            video.write(frame.image)
            boxes.append(frame.boxes)
    return BatchTruth(camera_index, batch, boxes)
