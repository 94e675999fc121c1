"""Clips that people send, on the whole line: uploaded over REST, processed, and found in the database."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from spoton_local import Layout, stack
from spoton_local.pidfile import read_pid_file
from spoton_local.processes import Processes

from tests.line import Line

pytestmark = pytest.mark.e2e

LAYOUT = Layout(Path(__file__).parents[1] / ".local" / "test-line")


def wait_for(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.1)


def kill_gateway() -> None:
    record = read_pid_file(Processes(LAYOUT).pid_file("gateway"))
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)


def test_jobs_of_several_users_complete_although_the_gateway_is_killed(line: Line, scene: Path) -> None:
    client = httpx.Client(base_url=line.connections.gateway_url, timeout=30)
    clip = (scene / "c0" / "sub_video_01.mp4").read_bytes()

    def upload(user: str) -> str:
        files = {"file": ("clip.mp4", clip, "video/mp4")}
        answer = client.post("/api/v1/upload", files=files, headers={"X-Spoton-User": user})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["job_id"])

    def job(job_id: str) -> dict[str, Any]:
        return dict(client.get(f"/api/v1/jobs/{job_id}").json())

    # Three of one user: two run, the third waits in the database.
    jobs = [upload("ann") for _ in range(3)] + [upload("bob")]
    wait_for(lambda: job(jobs[3])["progress"] > 0)
    assert job(jobs[2])["started_at"] is None
    kill_gateway()
    stack.up(LAYOUT, environ={})
    seen: dict[str, list[float]] = {job_id: [] for job_id in jobs}

    def completed() -> bool:
        views = [job(job_id) for job_id in jobs]
        for view in views:
            seen[view["job_id"]].append(view["progress"])
        assert not [view["message"] for view in views if view["status"] == "failed"]
        return all(view["status"] == "completed" for view in views)

    wait_for(completed)
    for progress in seen.values():
        assert progress == sorted(progress)
        assert progress[-1] == 100.0
    task = client.get(f"/api/v1/processing-tasks/{jobs[0]}/status").json()
    assert (task["frames"]["database"], task["identities_found"] > 0) == (80, True)
    url = f"/api/v1/media/tasks/{jobs[0]}/environments/upload-{jobs[0]}/cameras/camera/sub_videos/{jobs[0]}.mp4"
    assert client.get(url).content == clip
    for job_id in jobs:
        assert client.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    assert list(LAYOUT.uploads.iterdir()) == []
