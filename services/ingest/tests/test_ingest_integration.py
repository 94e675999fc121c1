"""The service as a process on the real Kafka and registry; a stand-in for the detector reports what it has seen."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import SchemaRegistryClient
from spoton_common.kafka.producer import RecordProducer
from spoton_ingest.follower import TopicFollower
from spoton_schemas.apply import create_topics, register_schemas
from spoton_schemas.codec import Codec
from spoton_schemas.records import (
    Command,
    CommandName,
    Environment,
    Frame,
    Kind,
    Outcome,
    Scene,
    SceneCamera,
    Segment,
    Stage,
    StatusKind,
    TaskStatus,
)
from spoton_schemas.topics import COMMANDS, DEAD_LETTERS, ENVIRONMENTS, FRAMES, SEGMENTS, TASK_STATUS

pytestmark = pytest.mark.integration

MakeVideo = Callable[..., Path]
_DEADLINE_S = 60


class Line:
    """Producers and readers around the service."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self._codec = Codec.connect(stack.registry_url)
        self._producer = RecordProducer(stack.kafka_bootstrap, Codec.connect(stack.registry_url))
        self._frames = TopicFollower(stack.kafka_bootstrap, self._codec, FRAMES)
        self._statuses = TopicFollower(stack.kafka_bootstrap, self._codec, TASK_STATUS)
        self.frames: list[Frame] = []
        self.statuses: list[TaskStatus] = []

    def send(self, *records: Any) -> None:
        topics = {Environment: ENVIRONMENTS, Segment: SEGMENTS, Command: COMMANDS, TaskStatus: TASK_STATUS}
        for record in records:
            self._producer.send(topics[type(record)], record)
        self._producer.flush()

    def wait(self, condition: Callable[[], bool], timeout_s: float = _DEADLINE_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"{len(self.frames)} frames, {self.statuses[-5:]}"
            self.frames += [r for _, r in self._frames.poll() if r is not None]
            self.statuses += [r for _, r in self._statuses.poll() if r is not None]
            time.sleep(0.01)

    def of(self, task_id: str, camera_id: str) -> list[Frame]:
        return [f for f in self.frames if f.task_id == task_id and f.camera_id == camera_id]

    def ended(self, task_id: str, *camera_ids: str) -> bool:
        ends = {f.camera_id for f in self.frames if f.task_id == task_id and f.kind is Kind.END_OF_TASK}
        return ends >= set(camera_ids)

    def told(self, task_id: str, kind: StatusKind) -> list[TaskStatus]:
        return [s for s in self.statuses if s.task_id == task_id and s.kind is kind and s.stage is Stage.INGEST]

    def close(self) -> None:
        self._frames.close()
        self._statuses.close()


class Detector:
    """Reports on every camera, ten times a second, that all its frames so far are done."""

    def __init__(self, stack: Any) -> None:
        self._stack = stack
        self.blind_to: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        line = Line(self._stack)
        done: dict[tuple[str, str], set[int]] = {}
        told: dict[tuple[str, str], int] = {}
        while not self._stop.wait(0.1):
            line.frames.clear()
            line.wait(lambda: True)
            line.frames += [r for _, r in line._frames.poll() if r is not None]
            for frame in line.frames:
                if frame.kind is Kind.FRAME and frame.task_id not in self.blind_to:
                    done.setdefault((frame.task_id, frame.camera_id), set()).add(frame.global_frame_index)
            for key, ticks in done.items():
                if told.get(key) != len(ticks):
                    told[key] = len(ticks)
                    line.send(_detector_report(*key, max(ticks), len(ticks)))
        line.close()


def _detector_report(task_id: str, camera_id: str, tick: int, frames: int) -> TaskStatus:
    return TaskStatus(
        task_id=task_id,
        environment_id="any",
        stage=Stage.DETECTOR,
        kind=StatusKind.PROGRESS,
        camera_id=camera_id,
        global_frame_index=tick,
        frames_done=frames,
    )


@pytest.fixture(scope="module", name="stack")
def stack_with_topics(stack: Any) -> Any:
    create_topics(AdminClient({"bootstrap.servers": stack.kafka_bootstrap}))
    register_schemas(SchemaRegistryClient({"url": stack.registry_url}))
    return stack


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # slow to import

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


StartIngest = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def start_ingest(stack: Any, s3: str, videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartIngest]:
    started: list[subprocess.Popen[bytes]] = []
    environment = {
        **os.environ,
        **stack.as_environment(),
        "SPOTON_FILE_ROOTS": json.dumps([str(videos)]),
        "SPOTON_S3_ENDPOINT_URL": s3,
        "SPOTON_S3_ACCESS_KEY": "key",
        "SPOTON_S3_SECRET_KEY": "secret",
        "SPOTON_INGEST_CACHE_DIR": str(tmp_path_factory.mktemp("cache")),
    }

    def start() -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([sys.executable, "-m", "spoton_ingest"], env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            assert process.wait(20) == 0


@pytest.fixture(scope="module")
def ingest(start_ingest: StartIngest) -> Iterator["subprocess.Popen[bytes]"]:
    process = start_ingest()
    yield process
    if process.poll() is None:
        process.terminate()
        assert process.wait(20) == 0


@pytest.fixture(scope="module")
def detector(stack: Any) -> Iterator[Detector]:
    detector = Detector(stack)
    yield detector
    detector.stop()


@pytest.fixture
def line(stack: Any) -> Iterator[Line]:
    line = Line(stack)
    yield line
    line.close()


@pytest.fixture
def video(make_video: MakeVideo, videos: Path) -> Callable[..., str]:
    def make(name: str, frames: int = 20) -> str:
        path = videos / f"{uuid.uuid4().hex}-{name}"
        make_video(name, range(0, 40 * frames, 40)).rename(path)
        return path.as_uri()

    return make


@pytest.fixture
def scene(line: Line) -> Scene:
    """Two cameras; c1's clock is 0.4 s, 10 ticks, behind."""
    cameras = (SceneCamera("c0", clock_offset_s=0.0), SceneCamera("c1", clock_offset_s=0.4))
    scene = Scene(f"env-{uuid.uuid4().hex[:8]}", "Test", 25.0, cameras)
    line.send(Environment(scene))
    return scene


def _segment(scene: Scene, task: str, camera: str, batch: int, uri: str, last: bool) -> Segment:
    return Segment(
        task_id=task,
        environment_id=scene.environment_id,
        camera_id=camera,
        sub_video_batch_index=batch,
        uri=uri,
        last=last,
    )


def _command(scene: Scene, task: str, name: CommandName) -> Command:
    return Command(task_id=task, environment_id=scene.environment_id, command_id=str(uuid.uuid4()), command=name)


def _new_task() -> str:
    return str(uuid.uuid4())


def _kinds(frames: list[Frame]) -> str:
    letters = {Kind.START: "<", Kind.FRAME: ".", Kind.END_OF_SEGMENT: "|", Kind.END_OF_TASK: ">"}
    return "".join(letters[f.kind] for f in frames)


@pytest.mark.usefixtures("ingest", "detector")
def test_two_cameras_of_two_sub_videos_give_exactly_their_frames(
    line: Line, scene: Scene, video: Callable[..., str]
) -> None:
    task = _new_task()
    for batch in (0, 1):
        for camera in ("c0", "c1"):
            line.send(_segment(scene, task, camera, batch, video("a.mp4"), last=batch == 1))
    line.wait(lambda: line.ended(task, "c0", "c1") and len(line.told(task, StatusKind.ENDED)) == 2)
    for camera, first in (("c0", 0), ("c1", 10)):
        frames = line.of(task, camera)
        assert _kinds(frames) == "<" + "." * 20 + "|" + "." * 20 + "|>"
        pictures = [f for f in frames if f.kind is Kind.FRAME]
        assert [f.global_frame_index for f in pictures] == list(range(first, first + 40))
        assert [f.camera_frame_index for f in pictures] == list(range(40))
        assert [f.event_time_us for f in pictures] == [40_000 * (first + i) for i in range(40)]
        assert [f.sub_video_batch_index for f in pictures] == [0] * 20 + [1] * 20
        assert all(f.jpeg and (f.image_width, f.image_height) == (64, 48) for f in pictures)
        assert [f.global_frame_index for f in frames if f.kind is Kind.END_OF_SEGMENT] == [first + 20, first + 40]
        assert frames[-1].outcome is Outcome.COMPLETED
        assert frames[0].start is not None
        assert frames[0].start.scene == scene
        assert frames[0].start.camera_ids == ("c0", "c1")
    media = [s.media for s in line.told(task, StatusKind.MEDIA_AVAILABLE) if s.camera_id == "c1"]
    assert [(m.start_global_frame_index, m.num_frames_in_sub_video, m.last) for m in media if m] == [
        (10, 20, False),
        (30, 20, True),
    ]
    assert {s.frames_done for s in line.told(task, StatusKind.ENDED)} == {40}


@pytest.mark.usefixtures("ingest", "detector")
def test_the_producer_in_the_readme_works(line: Line, scene: Scene, video: Callable[..., str], stack: Any) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    code = readme.split("```python\n")[1].split("```")[0]
    uri = video("c0.mp4")
    code = code.replace("terrace1", scene.environment_id).replace('f"file:///videos/{camera}.mp4"', repr(uri))
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **stack.as_environment()})

    def tasks() -> set[str]:
        return {f.task_id for f in line.frames if f.environment_id == scene.environment_id}

    line.wait(lambda: any(line.ended(task, "c0", "c1") for task in tasks()))
    (task,) = tasks()
    assert _kinds(line.of(task, "c0")) == "<" + "." * 20 + "|>"


@pytest.mark.usefixtures("ingest", "detector")
def test_a_second_instance_takes_over_cameras_in_the_middle(
    line: Line, scene: Scene, video: Callable[..., str], start_ingest: StartIngest, stack: Any
) -> None:
    uri, tasks = video("long.mp4", 500), [_new_task() for _ in range(3)]
    for task in tasks:
        for batch in (0, 1):
            line.send(*[_segment(scene, task, camera, batch, uri, last=batch == 1) for camera in ("c0", "c1")])
    line.wait(lambda: all(len(line.of(task, "c0")) > 20 for task in tasks))
    # Held meanwhile, so that there is work left when the second one has its partitions.
    line.send(*[_command(scene, task, CommandName.PAUSE) for task in tasks])
    second = start_ingest()
    line.wait(lambda: _partitions_held(stack) == [2, 2])
    assert not any(line.ended(task, "c0") for task in tasks)
    line.send(*[_command(scene, task, CommandName.RESUME) for task in tasks])
    line.wait(lambda: all(line.ended(task, "c0", "c1") for task in tasks), 90)
    for task in tasks:
        for camera in ("c0", "c1"):
            distinct = {FRAMES.position(f): f for f in line.of(task, camera)}
            assert _kinds([distinct[p] for p in sorted(distinct)]) == "<" + "." * 500 + "|" + "." * 500 + "|>"
    second.terminate()
    assert second.wait(20) == 0


@pytest.mark.usefixtures("ingest", "detector")
def test_a_broken_camera_does_not_stop_the_other(line: Line, scene: Scene, video: Callable[..., str]) -> None:
    task = _new_task()
    line.send(
        _segment(scene, task, "c0", 0, "file:///nowhere/a.mp4", last=True),
        _segment(scene, task, "c1", 0, video("a.mp4"), last=True),
    )
    line.wait(lambda: line.ended(task, "c0", "c1") and bool(line.told(task, StatusKind.CAMERA_FAILED)))
    broken = line.of(task, "c0")
    assert _kinds(broken) == "<>"
    assert broken[-1].outcome is Outcome.FAILED
    assert "outside" in (broken[-1].error or "")
    assert _kinds(line.of(task, "c1")) == "<" + "." * 20 + "|>"
    (failed,) = line.told(task, StatusKind.CAMERA_FAILED)
    assert failed.camera_id == "c0"
    assert failed.message == broken[-1].error


@pytest.mark.usefixtures("ingest", "detector")
def test_unknown_environments_and_cameras_are_told_and_set_aside(
    line: Line, scene: Scene, video: Callable[..., str], stack: Any
) -> None:
    task, lost = _new_task(), _new_task()
    line.send(
        _segment(Scene("no-such", "", 25.0, ()), lost, "c0", 0, video("a.mp4"), last=True),
        _segment(scene, task, "c9", 0, video("a.mp4"), last=True),
        _segment(scene, task, "c0", 0, video("a.mp4"), last=True),
    )
    line.wait(
        lambda: (
            line.ended(task, "c0")
            and bool(line.told(lost, StatusKind.CAMERA_FAILED) and line.told(task, StatusKind.CAMERA_FAILED))
        )
    )
    assert line.told(lost, StatusKind.CAMERA_FAILED)[0].message == "environment 'no-such' is not registered"
    assert "has no camera 'c9'" in (line.told(task, StatusKind.CAMERA_FAILED)[0].message or "")
    assert line.of(lost, "c0") == line.of(task, "c9") == []
    reasons = {headers["spoton-reason"] for key, headers in _dead_letters(stack) if key in (f"{lost}/c0", f"{task}/c9")}
    assert reasons == {"unknown_environment", "unknown_camera"}


def _partitions_held(stack: Any) -> list[int]:
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    group = admin.describe_consumer_groups(["spoton-ingest"])["spoton-ingest"].result()
    return sorted(len(member.assignment.topic_partitions) for member in group.members)


def _dead_letters(stack: Any) -> list[tuple[str, dict[str, str]]]:
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": "unused", "enable.auto.commit": False})
    partition = TopicPartition(DEAD_LETTERS, 0, 0)
    _, end = consumer.get_watermark_offsets(partition, 10)
    consumer.assign([partition])
    messages: list[Any] = []
    while len(messages) < end:
        messages += [m for m in consumer.consume(100, 1) if m.error() is None]
    consumer.close()
    return [
        (
            (m.key() or b"").decode(errors="replace"),
            {k: (v or b"").decode(errors="replace") for k, v in m.headers() or []},
        )
        for m in messages
    ]


@pytest.mark.usefixtures("ingest")
def test_pause_resume_and_stop(line: Line, scene: Scene, video: Callable[..., str], detector: Detector) -> None:
    """Without reports of a detector 64 frames may lie ahead; each report lets some more through.

    The second camera's clock is ten ticks ahead, and it may not lead the first one's oldest frame by more.
    """
    task = _new_task()
    detector.blind_to.add(task)
    long_video = video("long.mp4", 400)
    line.send(*[_segment(scene, task, camera, 0, long_video, last=True) for camera in ("c0", "c1")])

    def count(camera: str) -> int:
        return sum(f.kind is Kind.FRAME for f in line.of(task, camera))

    line.wait(lambda: count("c0") == 64 and 55 <= count("c1") <= 64)
    line.send(_command(scene, task, CommandName.PAUSE))
    line.wait(lambda: bool(line.told(task, StatusKind.PAUSED)))
    before = count("c1")
    line.send(*[_detector_report(task, camera, 63 + offset, 64) for camera, offset in (("c0", 0), ("c1", 10))])
    line.send(_segment(scene, other := _new_task(), "c0", 0, video("a.mp4"), last=True))
    line.wait(lambda: line.ended(other, "c0"))
    assert (count("c0"), count("c1")) == (64, before)
    line.send(_command(scene, task, CommandName.RESUME))
    line.wait(lambda: count("c0") == 64 + 192 and count("c1") >= before + 180)
    line.send(_command(scene, task, CommandName.STOP))
    line.wait(lambda: line.ended(task, "c0", "c1") and len(line.told(task, StatusKind.ENDED)) == 2)
    for camera in ("c0", "c1"):
        end = line.of(task, camera)[-1]
        assert end.outcome is Outcome.STOPPED
        assert end.global_frame_index >= 256
    assert len(line.told(task, StatusKind.STOPPED)) == 1


@pytest.mark.usefixtures("ingest", "detector")
def test_a_task_that_was_stopped_before_its_segments_ends_at_once(
    line: Line, scene: Scene, video: Callable[..., str]
) -> None:
    task = _new_task()
    line.send(_command(scene, task, CommandName.STOP))
    line.send(_segment(scene, task, "c0", 0, video("a.mp4"), last=True))
    line.wait(lambda: line.ended(task, "c0"))
    assert _kinds(line.of(task, "c0")) == "<>"
    assert line.of(task, "c0")[-1].outcome is Outcome.STOPPED
    line.wait(lambda: bool(line.told(task, StatusKind.STOPPED)))


@pytest.mark.usefixtures("ingest", "detector")
def test_a_pause_that_is_read_before_the_segments_is_told_and_holds(
    line: Line, scene: Scene, video: Callable[..., str]
) -> None:
    task = _new_task()
    line.send(_command(scene, task, CommandName.PAUSE))
    line.send(_segment(scene, task, "c0", 0, video("a.mp4"), last=True))
    line.wait(lambda: bool(line.told(task, StatusKind.PAUSED)))
    assert not line.ended(task, "c0")
    line.send(_command(scene, task, CommandName.RESUME))
    line.wait(lambda: line.ended(task, "c0"))


@pytest.mark.usefixtures("ingest", "detector")
def test_video_from_object_storage(line: Line, scene: Scene, make_video: MakeVideo, s3: str) -> None:
    import boto3  # slow to import

    client = boto3.client(
        "s3", endpoint_url=s3, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    client.create_bucket(Bucket="videos")
    path = make_video("a.mp4", range(0, 800, 40))
    for batch in (0, 1):
        client.upload_file(str(path), "videos", f"c0/{batch}.mp4")
    task = _new_task()
    line.send(
        *[_segment(scene, task, "c0", b, f"s3://videos/c0/{b}.mp4", last=b == 1) for b in (0, 1)],
        _segment(scene, task, "c1", 0, "s3://videos/missing.mp4", last=True),
    )
    line.wait(lambda: line.ended(task, "c0", "c1"))
    assert _kinds(line.of(task, "c0")) == "<" + "." * 20 + "|" + "." * 20 + "|>"
    assert "no such object" in (line.of(task, "c1")[-1].error or "")


@pytest.mark.usefixtures("ingest", "detector")
def test_repeated_segments_and_unreadable_records_change_nothing(
    line: Line, scene: Scene, video: Callable[..., str]
) -> None:
    task, uri = _new_task(), video("a.mp4")
    first, last = (_segment(scene, task, "c0", batch, uri, last=batch == 1) for batch in (0, 1))
    line.send(first, first)
    line._producer.send_bytes(SEGMENTS.name, SEGMENTS.key(first).encode(), b"this is no Avro")
    line.send(first, last, last)
    line.wait(lambda: line.ended(task, "c0"))
    assert _kinds(line.of(task, "c0")) == "<" + "." * 20 + "|" + "." * 20 + "|>"


@pytest.mark.usefixtures("detector")
def test_kill_and_restart_give_the_same_distinct_records(
    line: Line, scene: Scene, video: Callable[..., str], start_ingest: StartIngest, ingest: "subprocess.Popen[bytes]"
) -> None:
    uri = video("long.mp4", 300)
    tasks = [_new_task(), _new_task()]

    def send(task: str) -> None:
        for batch in (0, 1, 2):
            line.send(*[_segment(scene, task, camera, batch, uri, last=batch == 2) for camera in ("c0", "c1")])

    send(tasks[0])
    line.wait(lambda: line.ended(tasks[0], "c0", "c1"))
    send(tasks[1])
    process = ingest
    for seen in (100, 450):
        line.wait(lambda seen=seen: len({f.global_frame_index for f in line.of(tasks[1], "c0")}) > seen)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = start_ingest()
    line.wait(lambda: line.ended(tasks[1], "c0", "c1"), 90)

    def distinct(task: str, camera: str) -> list[tuple[Any, ...]]:
        records = [
            (FRAMES.position(f), f.kind, f.camera_frame_index, f.event_time_us, f.jpeg) for f in line.of(task, camera)
        ]
        return sorted(set(records), key=lambda r: r[0])

    for camera in ("c0", "c1"):
        assert distinct(tasks[0], camera) == distinct(tasks[1], camera)
        assert len(distinct(tasks[0], camera)) == 900 + 5
    assert len(line.of(tasks[1], "c0")) > 905  # it did say some again
    process.terminate()
    assert process.wait(20) == 0
