"""Two instances on the real servers; one is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import simplejpeg
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import SchemaRegistryClient
from spoton_common.kafka.producer import RecordProducer
from spoton_schemas.apply import create_topics, register_schemas
from spoton_schemas.codec import Codec
from spoton_schemas.records import Detections, Frame, Kind
from spoton_schemas.topics import DEAD_LETTERS, DETECTIONS, FRAMES

if TYPE_CHECKING:  # the local stack is no part of the service: its unit tests run without it
    from spoton_local import Connections

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

CAMERAS = ("c0", "c1", "c2", "c3", "c4", "c5")
FRAMES_A_CAMERA = 60
BAD_FRAME = 17

Key = tuple[str, tuple[int, int, int]]


class Instance:
    """A detector process."""

    def __init__(self, environment: dict[str, str], port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "spoton_detector"], env=environment | {"SPOTON_HTTP_PORT": str(port)}
        )

    def is_healthy(self) -> bool:
        assert self.process.poll() is None
        return '"status": "healthy"' in self._get("/health")[:30]

    def partitions(self) -> int:
        lines = self._get("/metrics").splitlines()
        return next((int(float(line.split()[-1])) for line in lines if line.startswith("spoton_partitions{")), 0)

    def _get(self, path: str) -> str:
        try:
            with urllib.request.urlopen(self._url + path, timeout=5) as response:  # noqa: S310 - our own
                return str(response.read().decode())
        except (urllib.error.URLError, ConnectionError):
            return ""


class Topic:
    """Reads a topic as it grows."""

    def __init__(self, stack: "Connections", name: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": "unused"})
        partitions = self._consumer.list_topics(name, 10).topics[name].partitions
        self._consumer.assign([TopicPartition(name, number, 0) for number in partitions])

    def poll(self) -> list[Any]:
        return list(self._consumer.consume(500, 0.2))

    def close(self) -> None:
        self._consumer.close()


def wait_until(holds: Callable[[], bool], timeout_s: float = 90.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.05)


@pytest.fixture(scope="module")
def line(stack: "Connections") -> "Connections":
    """Return the stack, with our topics and schemas."""
    create_topics(AdminClient({"bootstrap.servers": stack.kafka_bootstrap}))
    register_schemas(SchemaRegistryClient({"url": stack.registry_url}))
    return stack


@pytest.fixture
def start(
    line: "Connections", random_yolo_onnx: Path, free_port_base: Callable[[], int]
) -> Iterator[Callable[[], Instance]]:
    environment = os.environ | line.as_environment()
    environment |= {"SPOTON_DETECTOR_MODEL": str(random_yolo_onnx), "SPOTON_DETECTOR_CONFIDENCE": "0.000001"}
    environment |= {"SPOTON_DETECTOR_THREADS": "1", "SPOTON_DETECTOR_MAX_DETECTIONS": "5"}
    instances: list[Instance] = []

    def start_one() -> Instance:
        instances.append(Instance(environment, free_port_base()))
        wait_until(instances[-1].is_healthy)
        return instances[-1]

    yield start_one
    for instance in instances:
        if instance.process.poll() is None:
            instance.process.terminate()
    for instance in instances:
        instance.process.wait(30)


def make_task(stream: Any, task_id: str) -> list[Frame]:
    """Records of all cameras, tick by tick; the pictures are the same in every task."""
    random = np.random.default_rng(3)
    cameras = [stream(camera_id, ("person", "bottle"), task_id) for camera_id in CAMERAS]
    records = [camera.start() for camera in cameras]
    for tick in range(FRAMES_A_CAMERA):
        for camera in cameras:
            picture = random.integers(0, 256, (96, 160, 3), dtype=np.uint8)
            jpeg = simplejpeg.encode_jpeg(picture, quality=80, colorspace="BGR")
            records.append(camera.frame(tick, b"torn" if tick == BAD_FRAME else jpeg))
    return records + [camera.end(FRAMES_A_CAMERA) for camera in cameras]


class Results:
    """What a task's detections are, without its name; what is said twice must be the same."""

    def __init__(self, line: "Connections", task_id: str) -> None:
        self._codec = Codec.connect(line.registry_url)
        self._topic = Topic(line, DETECTIONS.name)
        self._task_id = task_id
        self.records: dict[Key, dict[str, Any]] = {}
        self.repeated = 0

    def count(self) -> int:
        for message in self._topic.poll():
            record = self._codec.decode(DETECTIONS, message.value())
            if record.task_id == self._task_id:
                self._add(record)
        return len(self.records)

    def _add(self, record: Detections) -> None:
        key = (record.camera_id, DETECTIONS.position(record))
        fields = {name: getattr(record, name) for name in record.__dataclass_fields__ if name != "task_id"}
        if key in self.records:
            self.repeated += 1
            assert self.records[key] == fields
        self.records[key] = fields


def test_a_killed_instance_loses_nothing(line: "Connections", stream: Any, start: Callable[[], Instance]) -> None:
    producer = RecordProducer(line.kafka_bootstrap, Codec.connect(line.registry_url))
    calm, disturbed = (f"{name}-{uuid.uuid4()}" for name in ("calm", "disturbed"))
    total = len(CAMERAS) * (FRAMES_A_CAMERA + 2)
    first = start()
    for record in make_task(stream, calm):
        producer.send(FRAMES, record)
    producer.flush()
    expected = Results(line, calm)
    wait_until(lambda: expected.count() == total)
    assert sum(len(fields["detections"]) for fields in expected.records.values()) > total

    second = start()
    wait_until(lambda: (first.partitions(), second.partitions()) == (2, 2))
    records = make_task(stream, disturbed)
    results = Results(line, disturbed)
    for record in records[: total // 2]:
        producer.send(FRAMES, record)
    producer.flush()
    wait_until(lambda: results.count() > total // 4)
    second.process.send_signal(signal.SIGKILL)
    for record in records[total // 2 :]:
        producer.send(FRAMES, record)
    producer.flush()
    wait_until(lambda: results.count() == total)
    assert results.records == expected.records

    first.process.terminate()
    assert first.process.wait(30) == 0


def test_a_bad_picture_is_set_aside_and_its_frame_goes_on(
    line: "Connections", stream: Any, start: Callable[[], Instance]
) -> None:
    task_id = f"bad-{uuid.uuid4()}"
    camera = stream("c0", ("person",), task_id)
    start()
    producer = RecordProducer(line.kafka_bootstrap, Codec.connect(line.registry_url))
    for record in (camera.start(), camera.frame(0, b"torn"), camera.end(1)):
        producer.send(FRAMES, record)
    producer.flush()
    results, letters = Results(line, task_id), Topic(line, DEAD_LETTERS)
    wait_until(lambda: results.count() == 3)
    (frame,) = (fields for fields in results.records.values() if fields["kind"] is Kind.FRAME)
    assert frame["detections"] == ()
    found: list[Any] = []
    wait_until(lambda: bool(found.extend(m for m in letters.poll() if m.key() == f"{task_id}/c0".encode()) or found))
    assert dict(found[0].headers())["spoton-reason"] == b"bad_image"
    letters.close()
