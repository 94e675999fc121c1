"""Clips, and jobs over HTTP, as the tests use them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import av
import httpx
from spoton_scenes.video import VideoWriter

_POLL_S = 0.1

ENDED = ("completed", "failed", "cancelled")


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 90.0) -> None:
    """Wait until it is so; a gateway that is away for a moment is none that fails."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s in vain for {what}"
        time.sleep(_POLL_S)


def cut(video: Path, frames: int, into: Path) -> bytes:
    """Return so many frames of a video, from its first on and over again, as a video of its own, kept in ``into``."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        assert rate is not None
        found = [frame.to_ndarray(format="bgr24") for frame in islice(container.decode(stream), frames)]
    with VideoWriter(into, stream.width, stream.height, round(rate)) as writer:
        for image in islice(cycle(found), frames):
            writer.write(image)
    return into.read_bytes()


@dataclass(frozen=True)
class Jobs:
    """The routes of jobs."""

    client: httpx.Client

    def upload(self, clip: bytes, user: str, **query: Any) -> str:
        """Send a clip and return the job's id."""
        files = {"file": ("clip.mp4", clip, "video/mp4")}
        answer = self.client.post("/api/v1/upload", files=files, headers={"X-Spoton-User": user}, params=query)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["job_id"])

    def look(self, job_id: str) -> dict[str, Any]:
        """Return a job as it is now."""
        answer = self.client.get(f"/api/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def wait(self, job_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until a job has one of these statuses; one that ends otherwise is a failure."""
        wait_for(lambda: self.look(job_id)["status"] in (*statuses, *ENDED), f"{job_id} to be {statuses}")
        found = self.look(job_id)
        assert found["status"] in statuses, found
        return found

    def remove(self, job_id: str) -> None:
        """Delete a job: it is gone for everybody at once."""
        assert self.client.delete(f"/api/v1/jobs/{job_id}").status_code == 204
        assert self.client.get(f"/api/v1/jobs/{job_id}").status_code == 404
        assert self.client.get(f"/api/v1/results/{job_id}/events").status_code == 404

    def events(self, job_id: str) -> list[dict[str, Any]]:
        """Return what happened in a job's video."""
        answer = self.client.get(f"/api/v1/results/{job_id}/events")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


class ProgressWatch:
    """Looks at a job's progress again and again: it never goes back."""

    def __init__(self, jobs: Jobs, job_id: str) -> None:
        self._jobs, self._job_id = jobs, job_id
        self._moved_at: float | None = None
        self.last = -1.0
        self.moves = 0
        self.longest_pause_s = 0.0

    def look(self) -> dict[str, Any]:
        """Look once; pauses count from the first move, when the job's turn has come, to the end."""
        job, now = self._jobs.look(self._job_id), time.monotonic()
        assert job["progress"] >= self.last, f"progress went back from {self.last} to {job['progress']}"
        if self._moved_at is not None:
            self.longest_pause_s = max(self.longest_pause_s, now - self._moved_at)
        if job["progress"] > max(self.last, 0):
            self._moved_at, self.moves = now, self.moves + 1
        self.last = job["progress"]
        return job
