"""Jobs over HTTP on real servers, the line played by hand-made records."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from confluent_kafka import Consumer
from spoton_gateway.jobs.records import CAMERA, environment_of, processing_rate
from spoton_gateway.jobs.views import progress, sentence
from spoton_gateway.sinks.retention import _TABLES
from spoton_schemas.codec import Codec
from spoton_schemas.records import Outcome, Stage
from spoton_schemas.topics import COMMANDS, ENVIRONMENTS, SEGMENTS

GATEWAY_SETTINGS = {"SPOTON_GATEWAY_UPLOAD_RUNNING": "1000", "SPOTON_GATEWAY_UPLOAD_RUNNING_PER_USER": "2"}


@pytest.mark.parametrize(
    ("fps", "most", "taken"), [(30, 15, 15), (25, 15, 12.5), (60, 15, 15), (10, 15, 10), (15.0000001, 15, 15)]
)
def test_an_even_part_of_the_frames_is_taken(fps: float, most: float, taken: float) -> None:
    assert processing_rate(fps, most) == pytest.approx(taken)


@pytest.mark.parametrize(
    ("status", "done", "stages", "expected", "percent"),
    [
        ("queued", 0, [], None, 0.0),
        ("processing", 0, [], None, 0.0),
        ("processing", 0, [10], 10, 16.67),
        ("processing", 0, [10, 6, 2], 10, 30.0),
        ("processing", 1, [], 3, 33.33),
        ("processing", 1, [3, 2], 3, 50.0),
        ("processing", 3, [3, 3, 3, 3, 3], 3, 99.9),
        ("processing", 4, [3], 3, 99.9),
        ("completed", 0, [], 0, 100.0),
        ("failed", 1, [], 2, 50.0),
    ],
)
def test_progress(status: str, done: int, stages: list[int], expected: int | None, percent: float) -> None:
    assert progress(status, done, stages, expected) == percent


def test_failures_are_told_by_the_name_that_the_person_knows() -> None:
    told = sentence("failed", "77.mp4: the file ends after 1.00 s of 2.00 s", "77.mp4", "holiday.mp4")
    assert told == "The video could not be processed: holiday.mp4: the file ends after 1.00 s of 2.00 s."
    assert sentence("processing", None, "77.mp4", "holiday.mp4") is None


@dataclass(frozen=True)
class Api:
    """The routes, and the line behind them."""

    client: httpx.Client
    processes: Any
    clip: bytes

    def upload(self, user: str, **query: Any) -> str:
        files = {"file": ("holiday.mp4", self.clip)}
        answer = self.client.post("/api/v1/upload", files=files, headers={"X-Spoton-User": user}, params=query)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.client.get(f"/api/v1/jobs/{job_id}").json())

    def until(self, job_id: str, **wanted: object) -> dict[str, Any]:
        self.processes.wait_until(lambda: all(self.job(job_id).get(k) == v for k, v in wanted.items()))
        return self.job(job_id)

    def started(self, job_id: str) -> bool:
        return self.job(job_id)["started_at"] is not None


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, write_clip: Callable[..., Path]) -> bytes:
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", 20, 25, "libx264", False, {}).read_bytes()


@pytest.fixture
def api(processes: Any, clip: bytes) -> Iterator[Api]:
    with httpx.Client(base_url=processes.url, timeout=30) as client:
        yield Api(client, processes, clip)


@pytest.fixture
def play(new_script: Any, say: Callable[..., None]) -> Callable[..., None]:
    """Say of a job what the line would say: ``play(job_id, "media", "frames", "end")``."""

    def of(job_id: str, *parts: str, outcome: Outcome = Outcome.COMPLETED, frames: int = 10) -> None:
        script = new_script(task_id=job_id, environment_id=environment_of(job_id))
        records = {
            "media": [script.media(CAMERA, 0, frames=10, last=True)],
            "start": [script.start()],
            "frames": [script.frame(tick, ids=(None, None)) for tick in range(frames // 2)],
            "failed": [script.camera_failed(CAMERA, f"{job_id}.mp4: it is cursed")],
            "progress": [script.progress(Stage.MAPPER, None, frames)],
            "end": [script.end(frames, outcome=outcome)],
        }
        say(*(record for part in parts for record in records[part]))

    return of


def everything(stack: Any, topic: Any, key: str) -> list[Any]:
    """Read all records of a key that begins so, None for those that remove it."""
    settings = {"bootstrap.servers": stack.kafka_bootstrap, "group.id": f"{topic.name}-{key}"}
    consumer = Consumer({**settings, "auto.offset.reset": "earliest", "enable.partition.eof": True})
    partitions = len(consumer.list_topics(topic.name).topics[topic.name].partitions)
    consumer.subscribe([topic.name])
    codec, found, ended = Codec.connect(stack.registry_url), [], 0
    while ended < partitions:
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            ended += 1
        elif message.key().decode().startswith(key):
            found.append(codec.decode(topic, message.value()) if message.value() is not None else None)
    consumer.close()
    return found


@pytest.mark.integration
def test_a_job_is_a_task_with_one_camera(api: Api, stack: Any) -> None:
    job_id = api.upload("ann", classes=["person", "cup"])
    api.processes.wait_until(lambda: api.started(job_id))
    [segment] = everything(stack, SEGMENTS, job_id)
    assert (segment.camera_id, segment.last, segment.environment_id) == (CAMERA, True, environment_of(job_id))
    [environment] = everything(stack, ENVIRONMENTS, environment_of(job_id))
    assert environment.scene.classes == ("person", "cup")
    assert environment.scene.processing_fps == 12.5
    assert environment.scene.cameras[0].sources == (segment.uri,)
    assert environment.scene.cameras[0].homography is None
    listed = api.client.get("/api/v1/config/environments").json()["items"]
    assert environment_of(job_id) not in [item["environment_id"] for item in listed]
    assert api.client.get(f"/api/v1/processing-tasks/{job_id}/status").json()["status"] == "QUEUED"


@pytest.mark.integration
def test_status_and_progress_follow_the_sink_and_never_go_back(api: Api, play: Callable[..., None]) -> None:
    job_id = api.upload("bob")
    assert api.job(job_id)["status"] == "queued"
    api.processes.wait_until(lambda: api.started(job_id))
    seen = [api.job(job_id)["progress"]]
    for parts, frames in ((("media", "start"), 0), (("frames",), 4), (("frames",), 8), (("frames",), 10)):
        play(job_id, *parts, frames=frames)
        api.processes.wait_until(lambda n=frames: api.job(job_id)["progress"] >= min(10 * n, 99.9))
        seen.append(api.job(job_id)["progress"])
    assert api.job(job_id)["status"] == "processing"
    play(job_id, "end")
    done = api.until(job_id, status="completed")
    assert seen == sorted(seen)
    assert (done["progress"], done["message"]) == (100.0, None)
    assert done["ended_at"]


@pytest.mark.integration
def test_who_only_watches_adds_nothing_to_the_progress(api: Api, say: Callable[..., None], new_script: Any) -> None:
    job_id = api.upload("bea")
    api.processes.wait_until(lambda: api.started(job_id))
    script = new_script(task_id=job_id, environment_id=environment_of(job_id))
    say(script.media(CAMERA, 0, frames=10, last=True), script.progress(Stage.EVENTS, None, 10))
    for number, stage in enumerate((Stage.INGEST, Stage.DETECTOR, Stage.TRACK, Stage.ASSOCIATE, Stage.MAPPER), 1):
        say(script.progress(stage, CAMERA, 6))
        api.processes.wait_until(lambda n=number: api.job(job_id)["progress"] == n * 10)


@pytest.mark.integration
def test_failed_and_stopped_jobs_say_so(api: Api, play: Callable[..., None]) -> None:
    bad, stopped = api.upload("cleo"), api.upload("cleo")
    api.processes.wait_until(lambda: api.started(bad) and api.started(stopped))
    play(bad, "failed")
    assert api.until(bad, status="failed")["message"] == "The video could not be processed: holiday.mp4: it is cursed."
    play(stopped, "media", "start", "frames", "end", outcome=Outcome.STOPPED)
    api.until(stopped, status="cancelled")


@pytest.mark.integration
def test_users_take_turns(api: Api, play: Callable[..., None]) -> None:
    """One who sends four clips does not keep another one waiting."""
    many = [api.upload("dora") for _ in range(4)]
    one = api.upload("emil")
    api.processes.wait_until(lambda: api.started(one) and api.started(many[1]))
    assert [api.started(job_id) for job_id in many] == [True, True, False, False]
    play(many[1], "media", "start", "frames", "end")
    api.processes.wait_until(lambda: api.started(many[2]))
    assert not api.started(many[3])
    assert api.client.delete(f"/api/v1/jobs/{many[0]}").status_code == 204
    api.processes.wait_until(lambda: api.started(many[3]))


@pytest.mark.integration
def test_a_killed_gateway_forgets_nothing(api: Api, play: Callable[..., None]) -> None:
    first = [api.upload("finn") for _ in range(3)]
    api.processes.wait_until(lambda: api.started(first[1]))
    api.processes.running["spoton_gateway"].kill()
    api.processes.running.pop("spoton_gateway").wait()
    play(first[0], "media", "start", "frames", "end")
    api.processes.start_gateway(**GATEWAY_SETTINGS)
    api.until(first[0], status="completed")
    api.processes.wait_until(lambda: api.started(first[2]))


@pytest.mark.integration
def test_two_gateways_start_each_job_once(api: Api, stack: Any) -> None:
    running = api.processes.running
    first = running["spoton_gateway"]
    api.processes.start("spoton_gateway", api.processes.port + 2, **GATEWAY_SETTINGS)
    second = running["spoton_gateway"]
    try:
        api.processes.wait_until_ready(api.processes.port + 2)
        jobs = [api.upload(f"guest-{number}") for number in range(6)]
        api.processes.wait_until(lambda: all(map(api.started, jobs)))
        assert [len(everything(stack, SEGMENTS, job_id)) for job_id in jobs[:3]] == [1, 1, 1]
    finally:
        running["spoton_gateway"] = first
        second.kill()
        second.wait()


@pytest.mark.integration
@pytest.mark.parametrize("state", ["waiting", "queued", "processing", "completed", "failed"])
async def test_a_deleted_job_leaves_nothing_in_any_state(
    api: Api, play: Callable[..., None], stack: Any, connection: asyncpg.Connection, videos: Path, state: str
) -> None:
    parts = {"processing": ("media", "start", "frames"), "completed": ("media", "start", "frames", "end")}
    user = f"{state}-user"
    others = [api.upload(user) for _ in range(2)] if state == "waiting" else []
    job_id = api.upload(user)
    if state != "waiting":
        api.processes.wait_until(lambda: api.started(job_id))
        play(job_id, *parts.get(state, ("failed",) if state == "failed" else ()))
        api.until(job_id, status=state)
    assert (videos / "uploads" / f"{job_id}.mp4").exists()
    assert api.client.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    assert api.client.get(f"/api/v1/jobs/{job_id}").status_code == 404
    assert api.client.delete(f"/api/v1/jobs/{job_id}").status_code == 404
    assert not (videos / "uploads" / f"{job_id}.mp4").exists()
    stopped = [command.command.value for command in everything(stack, COMMANDS, job_id)]
    assert stopped == (["STOP"] if state in ("queued", "processing") else [])
    # What the stages still say of it comes to nothing; a record behind it tells when it has been read.
    play(job_id, "media", "start", "frames", "end")
    marker = api.upload(f"{state}-marker")
    play(marker, "media", "start", "frames", "end")
    api.until(marker, status="completed")
    for table in _TABLES:
        assert not await connection.fetch(f"SELECT FROM {table} WHERE task_id = $1", job_id), table
    assert api.client.get(f"/api/v1/processing-tasks/{job_id}/status").status_code == 404
    # The stages have said that they are through with it: nothing of it waits for the housekeeping.
    async with asyncio.timeout(10):
        while await connection.fetchval("SELECT count(*) FROM jobs WHERE job_id = $1", job_id):
            await connection.execute("SELECT pg_sleep(0.1)")
    for other in others:
        api.client.delete(f"/api/v1/jobs/{other}")


@pytest.mark.integration
def test_jobs_are_listed_in_stable_pages(api: Api) -> None:
    jobs = [api.upload("hugo") for _ in range(5)]
    newest = list(reversed(jobs))

    def page(**query: Any) -> dict[str, Any]:
        return dict(api.client.get("/api/v1/jobs", params=query).json())

    def ids(found: dict[str, Any]) -> list[str]:
        return [item["job_id"] for item in found["items"]]

    first = page(limit=2)
    assert ids(first) == newest[:2]
    late = api.upload("hugo")
    assert ids(page(limit=2, cursor=first["next_cursor"])) == newest[2:4]
    assert ids(page(limit=2, skip=1)) == newest[:2]
    assert ids(page(limit=1)) == [late]
    everyone = page(limit=200)
    assert everyone["total"] == len(ids(everyone))
    for status in ("queued", "processing", "completed", "failed", "cancelled"):
        found = page(limit=200, status=status)
        assert {item["status"] for item in found["items"]} <= {status}
        assert ids(found) == [item["job_id"] for item in everyone["items"] if item["status"] == status]
    for wrong in ("nonsense", "2026-01-01~x", "2026-01-01T00:00:00+00:00", "~"):
        assert api.client.get("/api/v1/jobs", params={"cursor": wrong}).status_code == 422
    assert api.client.get("/api/v1/jobs", params={"status": "lost"}).status_code == 422


@pytest.mark.integration
def test_surgitracks_names(
    api: Api, say: Callable[..., None], play: Callable[..., None], new_script: Any, event: Any
) -> None:
    uploaded = api.client.post("/upload", files={"file": ("cup.mp4", api.clip)})
    assert uploaded.status_code == 201
    file_key = uploaded.json()["file_key"]
    assert file_key not in [item["file_key"] for item in api.client.get("/api/v1/jobs").json()["items"]]
    again = [api.client.post("/process", params={"file_key": file_key}) for _ in range(2)]
    assert [answer.status_code for answer in again] == [202, 202]
    job_id = again[0].json()["job_id"]
    assert again[1].json() == {"job_id": job_id}
    status = api.client.get("/status", params={"job_id": job_id}).json()
    assert (status["status"], status["progress"]) == ("queued", 0.0)
    script = new_script(task_id=job_id, environment_id=environment_of(job_id))
    say(event(script, "e1", 4))
    play(job_id, "media", "start", "frames", "end")
    api.until(job_id, status="completed")
    found = api.client.get("/events", params={"job_id": job_id}).json()
    api.processes.wait_until(lambda: api.client.get("/events", params={"job_id": job_id}).json()["events"])
    found = api.client.get("/events", params={"job_id": job_id}).json()
    assert found["status"] == "completed"
    [told] = found["events"]
    assert (told["type"], told["start_s"]) == ("zone_entered", 0.4)
    for path in ("/status", "/events"):
        assert api.client.get(path, params={"job_id": "nobody"}).status_code == 404
    assert api.client.post("/process", params={"file_key": "nothing.mp4"}).status_code == 404


@pytest.mark.integration
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/v1/jobs"), ("GET", "/api/v1/jobs/x"), ("DELETE", "/api/v1/jobs/x"), ("POST", "/process?file_key=x")],
)
def test_pages_of_other_origins_reach_no_job(api: Api, method: str, path: str) -> None:
    assert api.client.request(method, path, headers={"Origin": "https://evil.example"}).status_code == 403
