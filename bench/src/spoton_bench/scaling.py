"""Cost per camera as cameras are added, and memory as video goes on, on recorded detections."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from spoton_cli.gateway import Gateway

from spoton_bench.line import Line
from spoton_bench.recording import Recording, Replay, find_task, wait_until_done

STAGES = ("reid", "mapper", "sink")
"""What works on recorded detections."""

_TIMEOUT_S = 600.0
_CHUNK_S = 30.0  # of video, between two samples
_LEAD_CHUNKS = 2  # sent ahead of the database, so that the broker need not keep an hour of crops
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class CameraCost:
    """CPU milliseconds for a camera's picture at this number of cameras, by component."""

    cameras: int
    ms: Mapping[str, float]

    @property
    def total_ms(self) -> float:
        """All stages together."""
        return sum(self.ms.get(name, 0.0) for name in STAGES)


def cost_per_camera(line: Line, recording: Recording, cameras: int, pictures: int) -> CameraCost:
    """Replay about this many pictures over that many cameras of one task and see what they cost."""
    ticks = pictures // cameras
    before = line.usage()
    task = Replay(line.connections, recording, cameras)
    task.go_on(ticks)
    task.end()
    wait_until_done(line.connections, task.task_id, _TIMEOUT_S)
    spent = line.usage().cpu_since(before)
    return CameraCost(cameras, {name: 1000 * cpu_s / (ticks * cameras) for name, cpu_s in spent.items()})


@dataclass(frozen=True, slots=True)
class MemorySample:
    """Resident megabytes of each component after this much video."""

    video_s: float
    mb: Mapping[str, float]


def memory_over_time(
    line: Line, recording: Recording, video_s: float, report: Callable[[float], None]
) -> list[MemorySample]:
    """Replay a task of this much video and look now and then at what each process holds."""
    fps = recording.start.scene.processing_fps
    cameras = len(recording.pictures)
    chunk = round(_CHUNK_S * fps)
    task = Replay(line.connections, recording, cameras)
    samples = []
    with Gateway(line.connections.gateway_url) as gateway:
        while task.ticks < video_s * fps:
            task.go_on(chunk)
            _wait_for(gateway, task.task_id, (task.ticks - _LEAD_CHUNKS * chunk) * cameras)
            mb = {name: size / 2**20 for name, size in line.usage().rss_bytes.items()}
            samples.append(MemorySample(task.ticks / fps, mb))
            report(task.ticks / fps)
    task.end()
    wait_until_done(line.connections, task.task_id, _TIMEOUT_S)
    return samples


def growth(samples: Sequence[MemorySample], component: str) -> float:
    """Return a component's memory in the last fifth of the time over that in the second fifth.

    The first fifth is left out: pools and caches fill, and the window of association is not full yet.
    """
    fifth = max(1, len(samples) // 5)
    early, late = samples[fifth : 2 * fifth], samples[-fifth:]
    return median(s.mb[component] for s in late) / median(s.mb[component] for s in early)


def _wait_for(gateway: Gateway, task_id: str, pictures: int) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    done = 0
    while done < pictures:
        task = find_task(gateway, task_id)
        done = task.frames.get("database", 0) if task else 0
        if time.monotonic() > deadline:
            raise RuntimeError(f"task {task_id} does not go on")
        time.sleep(_POLL_S)
