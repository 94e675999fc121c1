"""Pictures of random scenes with the boxes of the people in them, as a camera would deliver them (JPEG)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from spoton_scenes.random_scenes import iterate_frames, random_people, random_scene
from spoton_scenes.scene import Person, Scene
from spoton_scenes.truth import PersonBox

WIDTH_PX, HEIGHT_PX = 960, 540
_JPEG_QUALITY = (30, 96)  # from blocky network cameras to nearly none lost
_SUPERSAMPLES = (1.0, 1.0, 1.5)  # hard edges more often: the smooth ones take longer to draw


@dataclass(frozen=True)
class Picture:
    """One camera's JPEG and everybody in it, hidden people too.

    boxes_xyxy: float32 (N, 4) pixels of full silhouettes clipped to the image; visibilities: float32 (N,) 0…1;
    person_ids: int64 (N,), unique within the scene; scene_seed and camera say where it was taken.
    """

    scene_seed: int
    camera: int
    jpeg: bytes
    boxes_xyxy: NDArray[np.float32]
    visibilities: NDArray[np.float32]
    person_ids: NDArray[np.int64]

    def decode(self) -> NDArray[np.uint8]:
        """Decode the image: (height, width, 3) BGR uint8."""
        return np.asarray(cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


def take_pictures(scene_seed: int, count: int, *, people_seed: int | None = None) -> Iterator[Picture]:
    """Take `count` pictures of a random scene; equal arguments give equal boxes and, but for edge pixels, images.

    Args:
        scene_seed: decides room, light, cameras, people and poses.
        count: pictures; the scene's 4 cameras take turns.
        people_seed: put these people (8 to 16) into the scene instead, so that they can be met in several scenes.

    """
    if people_seed is not None:
        scene = replace(random_scene(scene_seed), people=random_people_of(people_seed))
    else:
        scene = random_scene(scene_seed, people=_head_count(scene_seed))
    yield from _photograph(scene, count)


def random_people_of(people_seed: int) -> tuple[Person, ...]:
    """Draw the 8 to 16 people of a people seed."""
    rng = np.random.default_rng([people_seed, 21])
    return random_people(rng, int(rng.integers(8, 17)))


def _head_count(scene_seed: int) -> int:
    """How many people are about: mostly so many that they hide each other, now and then nobody."""
    rng = np.random.default_rng([scene_seed, 23])
    return 0 if rng.random() < 0.05 else int(rng.integers(4, 21))


def _photograph(scene: Scene, count: int) -> Iterator[Picture]:
    rng = np.random.default_rng([scene.seed, 22])
    supersample = float(rng.choice(_SUPERSAMPLES))
    frames = iterate_frames(scene, count, width_px=WIDTH_PX, height_px=HEIGHT_PX, supersample=supersample)
    for index, (image, boxes) in enumerate(frames):
        quality = int(rng.integers(*_JPEG_QUALITY))
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        yield _picture(scene, index % len(scene.cameras), encoded.tobytes(), boxes)


def _picture(scene: Scene, camera: int, jpeg: bytes, boxes: list[PersonBox]) -> Picture:
    return Picture(
        scene_seed=scene.seed,
        camera=camera,
        jpeg=jpeg,
        boxes_xyxy=np.array([box.bbox_xyxy for box in boxes], np.float32).reshape(-1, 4),
        visibilities=np.array([box.visibility for box in boxes], np.float32),
        person_ids=np.array([box.person_id for box in boxes], np.int64),
    )
