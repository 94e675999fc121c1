"""The service as a process on the real Kafka and registry; a stand-in for the detector reports what it has seen."""

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
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
    Scene,
    SceneCamera,
    Segment,
    Stage,
    StatusKind,
    TaskStatus,
)
from spoton_schemas.topics import COMMANDS, ENVIRONMENTS, FRAMES, SEGMENTS, TASK_STATUS

MakeVideo = Callable[..., Path]
StartIngest = Callable[[], "subprocess.Popen[bytes]"]
_DEADLINE_S = 60
_LETTERS = {Kind.START: "<", Kind.FRAME: ".", Kind.END_OF_SEGMENT: "|", Kind.END_OF_TASK: ">"}


def spelt(frames: Sequence[Frame]) -> str:
    return "".join(_LETTERS[f.kind] for f in frames)


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

    def kinds(self, task_id: str, camera_id: str) -> str:
        """Spell what a camera sent, in the order of arrival: ``<...|>``."""
        return spelt(self.of(task_id, camera_id))

    def distinct_kinds(self, task_id: str, camera_id: str) -> str:
        """Spell what a camera sent, each record once and in the order of its stream."""
        frames = {FRAMES.position(f): f for f in self.of(task_id, camera_id)}
        return spelt([frames[position] for position in sorted(frames)])

    def detected(self, task_id: str, camera_id: str, tick: int, frames: int) -> TaskStatus:
        """Return the detector's report of so many frames of a camera."""
        return TaskStatus(
            task_id=task_id,
            environment_id="any",
            stage=Stage.DETECTOR,
            kind=StatusKind.PROGRESS,
            camera_id=camera_id,
            global_frame_index=tick,
            frames_done=frames,
        )

    def send_bytes(self, topic: str, key: str, value: bytes) -> None:
        self._producer.send_bytes(topic, key.encode(), value)

    def close(self) -> None:
        self._frames.close()
        self._statuses.close()


class Cameras:
    """A registered scene, and what is asked of it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def segment(self, task: str, camera: str, batch: int, uri: str, *, last: bool) -> Segment:
        return Segment(
            task_id=task,
            environment_id=self.scene.environment_id,
            camera_id=camera,
            sub_video_batch_index=batch,
            uri=uri,
            last=last,
        )

    def command(self, task: str, name: CommandName) -> Command:
        return Command(
            task_id=task, environment_id=self.scene.environment_id, command_id=str(uuid.uuid4()), command=name
        )


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
                    line.send(line.detected(*key, max(ticks), len(ticks)))
        line.close()


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
def cameras(line: Line) -> Cameras:
    """Register c0 and c1; c1's clock is 0.4 s, 10 ticks, behind."""
    both = (SceneCamera("c0", clock_offset_s=0.0), SceneCamera("c1", clock_offset_s=0.4))
    scene = Scene(f"env-{uuid.uuid4().hex[:8]}", "Test", 25.0, both)
    line.send(Environment(scene))
    return Cameras(scene)
