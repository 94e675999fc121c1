"""Jobs on real footage with real weights, each service killed in the middle: `make chaos-jobs`. Needs ../shared."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from spoton_evaluation.objects import score
from spoton_evaluation.offline.tabletop import Deed, read_truth
from spoton_local import Layout, stack

from tests.chaos.faults import SERVICES
from tests.chaos.fleet import Fleet
from tests.jobs import ENDED, Jobs, ProgressWatch, cut

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(600)]

CHECKOUT = Path(__file__).parents[2]
FOOTAGE = CHECKOUT.parent / "shared" / "data" / "pickup" / "bottle-detection.mp4"
WEIGHTS = CHECKOUT.parent / "shared" / "models" / "yolo11n_int8_openvino_model"
FRAMES = 420  # 14 s, in which a bottle is taken and put back
_KILL_AT = 30.0  # percent
_LONGEST_PAUSE_S = 2.0
_TIMEOUT_S = 180.0


@dataclass(frozen=True)
class Processed:
    """A job that has ended.

    Attributes:
        events: what happened, without the names that are made of the task's id.
        frames: pictures in the database.

    """

    events: list[dict[str, Any]]
    frames: int
    seconds: float
    longest_pause_s: float


@pytest.fixture(scope="module")
def fleet(free_port_base: Callable[[], int]) -> Iterator[Fleet]:
    if not (FOOTAGE.exists() and WEIGHTS.exists()):
        pytest.skip("needs the footage and the weights of ../shared")
    layout = Layout(CHECKOUT / ".local" / "test-chaos-jobs")
    stack.down(layout)
    shutil.rmtree(layout.root)
    fleet = Fleet(layout, free_port_base(), detector=str(WEIGHTS))
    try:
        fleet.start_servers()
        fleet.wait_ready(SERVICES)
        yield fleet
    finally:
        fleet.stop()


@pytest.fixture(scope="module")
def jobs(fleet: Fleet) -> Iterator[Jobs]:
    with httpx.Client(base_url=fleet.connections.gateway_url, timeout=30) as client:
        yield Jobs(client)


@pytest.fixture(scope="module")
def clip(fleet: Fleet) -> bytes:
    return cut(FOOTAGE, FRAMES, fleet.layout.data / "clip.mp4")


def process(fleet: Fleet, jobs: Jobs, video: bytes, victim: str | None = None) -> Processed:
    """Send a video, kill a service in the middle, and wait for the end."""
    job_id, began = jobs.upload(video, "ann"), time.monotonic()
    watch = ProgressWatch(jobs, job_id)
    while (job := watch.look())["status"] not in ENDED:
        fleet.raise_if_crashed()
        assert time.monotonic() - began < _TIMEOUT_S, job
        if victim is not None and job["progress"] > _KILL_AT:
            [instance] = fleet.instances(victim)
            fleet.kill(instance)
            fleet.wait_ready((victim,))
            victim = None
        time.sleep(0.05)
    assert victim is None, "the job was over before anything was killed"
    assert job["status"] == "completed", job
    events = jobs.events(job_id)
    frames = jobs.client.get(f"/api/v1/processing-tasks/{job_id}/status").json()["frames"]["database"]
    seconds = time.monotonic() - began
    jobs.remove(job_id)
    return Processed([{**event, "event_id": None} for event in events], frames, seconds, watch.longest_pause_s)


@pytest.fixture(scope="module")
def undisturbed(fleet: Fleet, jobs: Jobs, clip: bytes) -> Processed:
    return process(fleet, jobs, clip)


def test_progress_moves_every_two_seconds(undisturbed: Processed) -> None:
    print(f"\nundisturbed: {undisturbed.frames} pictures in {undisturbed.seconds:.1f} s")
    print(f"longest time without progress: {undisturbed.longest_pause_s:.2f} s")
    assert [event["type"] for event in undisturbed.events] == ["object_picked_up", "object_put_back"]
    assert undisturbed.longest_pause_s <= _LONGEST_PAUSE_S


@pytest.mark.parametrize("victim", SERVICES)
def test_a_kill_changes_nothing(fleet: Fleet, jobs: Jobs, clip: bytes, undisturbed: Processed, victim: str) -> None:
    found = process(fleet, jobs, clip, victim)
    print(f"\n{victim} killed: {found.seconds:.1f} s")
    assert found.events == undisturbed.events
    assert found.frames == undisturbed.frames


def test_the_footage_gives_its_eight_deeds(fleet: Fleet, jobs: Jobs) -> None:
    found = process(fleet, jobs, FOOTAGE.read_bytes())
    deeds = [Deed(event["type"], event["start_s"], event["class_name"]) for event in found.events]
    result = score(read_truth(FOOTAGE.with_name("bottle-detection.events.csv")), deeds)
    print(f"\n{len(result.errors_s)} of 8 found, {len(result.invented)} invented, in {found.seconds:.1f} s")
    print(f"longest time without progress: {found.longest_pause_s:.2f} s")
    assert (len(result.errors_s), result.missed, result.invented) == (8, (), ())
