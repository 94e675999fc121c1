"""Clips that people send, on the whole line: uploaded over REST, processed, found in the database, and removed."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import redis
from spoton_gateway.sinks.retention import _TABLES
from spoton_local import Layout, stack
from spoton_local.pidfile import read_pid_file
from spoton_local.processes import Processes

from tests.bucket import Bucket
from tests.jobs import ENDED, Jobs, ProgressWatch, cut, wait_for
from tests.line import Line

pytestmark = pytest.mark.e2e

LAYOUT = Layout(Path(__file__).parents[1] / ".local" / "test-line")
SHORT, USUAL, LONG = 15, 80, 200  # pictures


@dataclass(frozen=True)
class Clips:
    """People in a room, for a second and a half, for eight seconds, and the same over again."""

    short: bytes
    usual: bytes
    long: bytes


@pytest.fixture(scope="module")
def clips(scene: Path, tmp_path_factory: pytest.TempPathFactory) -> Clips:
    whole, folder = scene / "c0" / "sub_video_01.mp4", tmp_path_factory.mktemp("clips")
    short, long = (cut(whole, frames, folder / f"{frames}.mp4") for frames in (SHORT, LONG))
    return Clips(short, whole.read_bytes(), long)


@pytest.fixture
def jobs(line: Line) -> Iterator[Jobs]:
    with httpx.Client(base_url=line.connections.gateway_url, timeout=30) as client:
        yield Jobs(client)


def kill_gateway() -> None:
    record = read_pid_file(Processes(LAYOUT).pid_file("gateway"))
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)


def test_a_clip_becomes_results_and_its_progress_moves(jobs: Jobs, clips: Clips, bucket: Bucket) -> None:
    job_id = jobs.upload(clips.usual, "ann")
    assert bucket.keys("uploads/") == [f"uploads/{job_id}.mp4"]
    watch, began = ProgressWatch(jobs, job_id), time.monotonic()
    while (job := watch.look())["status"] not in ENDED:
        assert time.monotonic() - began < 90, job
        time.sleep(0.1)
    assert (job["status"], job["progress"], job["message"]) == ("completed", 100.0, None)
    # On average; how long a single pause is depends on what else these cores do. `make chaos-jobs` measures that.
    assert watch.moves >= (time.monotonic() - began) / 2
    task = jobs.client.get(f"/api/v1/processing-tasks/{job_id}/status").json()
    assert (task["status"], task["frames"]["database"], task["identities_found"] > 0) == ("COMPLETED", USUAL, True)
    place = f"environments/upload-{job_id}/cameras/camera/sub_videos/{job_id}.mp4"
    assert jobs.client.get(f"/api/v1/media/tasks/{job_id}/{place}").content == clips.usual
    for file_format, start in (("json", '{"task_id"'), ("csv", "event_id"), ("vtt", "WEBVTT"), ("text", "")):
        answer = jobs.client.get(f"/api/v1/results/{job_id}/events", params={"format": file_format})
        assert answer.status_code == 200
        assert answer.text.startswith(start)
    video = f"/api/v1/results/{job_id}/video"
    wait_for(lambda: jobs.client.get(video, headers={"Range": "bytes=4-11"}).content == b"ftypisom", "its video")
    assert len(bucket.keys("videos/")) == 1
    jobs.remove(job_id)
    wait_for(lambda: bucket.keys() == [], "its files to go")


def test_ten_jobs_of_three_users_complete_in_turn_although_the_gateway_is_killed(
    jobs: Jobs, clips: Clips, bucket: Bucket
) -> None:
    long = jobs.upload(clips.long, "ann")
    wait_for(lambda: jobs.look(long)["progress"] > 0, "the long job to begin")
    rounds = [{user: jobs.upload(clips.short, user) for user in ("bob", "cleo", "ann")} for _ in range(3)]
    everyone = [long, *(job_id for one in rounds for job_id in one.values())]
    # Two of a user run; the others wait in the database, whatever becomes of the gateway.
    assert jobs.look(rounds[2]["ann"])["started_at"] is None
    kill_gateway()
    stack.up(LAYOUT, environ={})
    watches = [ProgressWatch(jobs, job_id) for job_id in everyone]

    def completed() -> bool:
        views = [watch.look() for watch in watches]
        assert not [view for view in views if view["status"] in ("failed", "cancelled")]
        return all(view["status"] == "completed" for view in views)

    wait_for(completed, "ten jobs")
    ended = {job_id: jobs.look(job_id)["ended_at"] for job_id in everyone}
    # They came behind the long one, and did not wait for its end.
    assert max(ended[rounds[0]["bob"]], ended[rounds[0]["cleo"]]) < ended[long]
    frames = [jobs.client.get(f"/api/v1/processing-tasks/{j}/status").json()["frames"]["database"] for j in everyone]
    assert frames == [LONG, *[SHORT] * 9]
    for job_id in everyone:
        jobs.remove(job_id)
    assert bucket.keys("uploads/") == []


async def rows_of(database_url: str, job_id: str) -> dict[str, int]:
    """Count what the database has of a job, embeddings included."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = [t for t in _TABLES if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", t)]
        counts = {
            table: await connection.fetchval(f"SELECT count(*) FROM {table} WHERE task_id = $1", job_id)  # noqa: S608
            for table in tables
        }
    finally:
        await connection.close()
    return {table: count for table, count in counts.items() if count}


def remembered(redis_url: str, job_id: str) -> list[Any]:
    """List the appearances that Re-ID keeps in Redis of a job's place."""
    with redis.Redis.from_url(redis_url) as client:
        return list(client.scan_iter(f"spoton:gallery:upload-{job_id}:*", count=500))


async def test_a_deleted_job_leaves_nothing_in_any_state(line: Line, jobs: Jobs, clips: Clips, bucket: Bucket) -> None:
    database, gallery = line.connections.database_url, line.connections.redis_url
    running, stopped = (jobs.upload(clips.usual, "dora") for _ in range(2))
    queued, broken = (jobs.upload(clips.short, "dora") for _ in range(2))
    done = jobs.upload(clips.short, "emil")

    assert jobs.look(queued)["started_at"] is None
    jobs.remove(queued)
    bucket.remove(f"uploads/{broken}.mp4")
    wait_for(lambda: jobs.look(running)["progress"] > 0, "some progress")
    jobs.remove(running)
    command = {"command": "stop"}
    jobs.client.post(f"/api/v1/processing-tasks/{stopped}/control", json=command).raise_for_status()
    jobs.wait(stopped, "cancelled")
    assert "clip.mp4" in jobs.wait(broken, "failed")["message"]
    jobs.wait(done, "completed")
    found = await rows_of(database, done)
    assert found.keys() >= {"tasks", "camera_frames", "track_points", "task_progress"}
    # A later job of the same camera line: when it is done, what the stages still said of the deleted ones is read.
    for job_id in (stopped, broken, done):
        jobs.remove(job_id)
        assert remembered(gallery, job_id) == []
    last = jobs.upload(clips.short, "dora")
    jobs.wait(last, "completed")
    wait_for(lambda: not remembered(gallery, running), "what Re-ID remembered of the running job to go", 20.0)
    for job_id in (queued, running, stopped, broken, done):
        assert await rows_of(database, job_id) == {}
    jobs.remove(last)
    wait_for(lambda: bucket.keys() == [], "all files to go")
