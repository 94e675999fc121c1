"""Association alone: scene ticks a second on one core, and memory over an hour of video.

    python bench/association.py [--cameras 16] [--people 50] [--minutes 60]

Tracklets are synthetic: people walk about a floor that all cameras see in part, tracklets break every few seconds, one
box in twenty is missing, crops are embedded as seldom as the line does it. Prints one JSON object.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psutil
from numpy.typing import NDArray

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # one core is the promise

from spoton_reid.association import Associator, Bucket, Observation, Scene, SceneCamera  # noqa: E402

Floats = NDArray[np.float64]

FLOOR_M = 40.0
SPEED_M_S = 1.2
REACH_M = 8.5  # a camera sees people this near: with 16 on the floor each person is in view of two to three
PIXELS_A_METRE = 40.0
DIMENSION = 256
MISSED = 0.05
TRACKLET_S = (3.0, 12.0)
CROP_EVERY_S = 0.8


@dataclass(slots=True)
class Walker:
    """A person on the floor and what each camera calls them at the moment."""

    place: Floats
    goal: Floats
    looks: Floats
    tracks: dict[int, tuple[int, int, int]]  # camera → track, ends at tick, next crop


class World:
    """Makes buckets; the same seed makes the same ones."""

    def __init__(self, cameras: int, people: int, fps: float, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._fps = fps
        side = int(np.ceil(np.sqrt(cameras)))
        grid = [(column + 0.5, row + 0.5) for row in range(side) for column in range(side)][:cameras]
        self._centres = np.array(grid) * FLOOR_M / side
        self._walkers = [self._walker() for _ in range(people)]
        self._tracks = [0] * cameras
        matrix = np.diag([1 / PIXELS_A_METRE, 1 / PIXELS_A_METRE, 1.0])
        views = tuple(SceneCamera(f"c{index:02d}", matrix, (1920, 1920)) for index in range(cameras))
        self.scene = Scene(fps, views)

    def buckets(self, ticks: int) -> Iterator[Bucket]:
        """Yield the ticks."""
        for tick in range(ticks):
            seen: list[Observation] = []
            for walker in self._walkers:
                self._step(walker)
                near = np.flatnonzero(np.hypot(*(self._centres - walker.place).T) < REACH_M)
                found = near[self._rng.random(len(near)) >= MISSED]
                seen += [self._see(walker, camera, tick) for camera in found.tolist()]
            yield Bucket(tick, tuple(seen))

    def _walker(self) -> Walker:
        looks = self._rng.normal(size=DIMENSION)
        place, goal = self._rng.uniform(1, FLOOR_M - 1, (2, 2))
        return Walker(place, goal, looks / np.linalg.norm(looks), {})

    def _step(self, walker: Walker) -> None:
        towards = walker.goal - walker.place
        distance = float(np.hypot(*towards))
        if distance < 0.5:
            walker.goal = self._rng.uniform(1, FLOOR_M - 1, 2)
            return
        walker.place = walker.place + towards / distance * SPEED_M_S / self._fps

    def _see(self, walker: Walker, camera: int, tick: int) -> Observation:
        track, ends, next_crop = walker.tracks.get(camera, (0, -1, 0))
        if tick > ends:
            self._tracks[camera] += 1
            track, next_crop = self._tracks[camera], tick
            ends = tick + round(float(self._rng.uniform(*TRACKLET_S)) * self._fps)
        embedding = None
        if tick >= next_crop:
            noisy = walker.looks + self._rng.normal(scale=0.045, size=DIMENSION)
            embedding = (noisy / np.linalg.norm(noisy)).astype(np.float32)
            next_crop = tick + round(CROP_EVERY_S * self._fps)
        walker.tracks[camera] = (track, ends, next_crop)
        x_m, y_m = (walker.place + self._rng.normal(scale=0.1, size=2)).tolist()
        x, y = x_m * PIXELS_A_METRE, y_m * PIXELS_A_METRE
        box = (x - 17, y - 68, x + 17, y)
        return Observation(f"c{camera:02d}", track, box, 0.9, 1.0, embedding, (x_m, y_m))


def main() -> int:
    """Run and print."""
    arguments = _parse()
    world = World(arguments.cameras, arguments.people, arguments.fps, seed=1)
    associator, process = Associator(world.scene), psutil.Process()
    ticks, minute = round(arguments.minutes * 60 * arguments.fps), round(60 * arguments.fps)
    busy, slowest, boxes, identities = 0.0, 0.0, 0, set[int]()
    memory: list[float] = []
    for bucket in world.buckets(ticks):
        began = time.process_time()
        published, _ = associator.feed(bucket)
        took = time.process_time() - began
        busy, slowest, boxes = busy + took, max(slowest, took), boxes + len(bucket.observations)
        identities.update(identity for p in published for identity in p.identities if identity)
        if (bucket.global_frame_index + 1) % minute == 0:
            memory.append(process.memory_info().rss / 2**20)
            sys.stderr.write(
                f"minute {len(memory)}: {(bucket.global_frame_index + 1) / busy:.0f} ticks/s, {memory[-1]:.0f} MiB\n"
            )
    result = {
        "cameras": arguments.cameras,
        "people": arguments.people,
        "minutes": arguments.minutes,
        "fps": arguments.fps,
        "boxes_per_tick": round(boxes / ticks, 1),
        "ticks_per_s": round(ticks / busy, 1),
        "slowest_tick_ms": round(1000 * slowest, 1),
        "identities_published": len(identities),
        "memory_mib_first_minute": round(memory[0]) if memory else None,
        "memory_mib_last_minute": round(memory[-1]) if memory else None,
        "state_mib": round(len(associator.snapshot()) / 2**20, 1),
    }
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--fps", type=float, default=10.0, help="ticks a second of video")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
