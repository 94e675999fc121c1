"""The events process on real Kafka: killed in the middle, its events are those of an undisturbed run."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from math import cos, sin
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import SchemaRegistryClient
from spoton_common.health import Health
from spoton_common.kafka.producer import RecordProducer
from spoton_common.kafka.reading import read_partition
from spoton_common.runtime.stage import Output
from spoton_common.servers import Patience
from spoton_mapper.behaviour import BehaviourParameters
from spoton_mapper.events.machine import rules_of
from spoton_mapper.events.stage import EventsStage
from spoton_mapper.habits import HabitsTopic
from spoton_schemas.apply import create_topics, register_schemas
from spoton_schemas.codec import Codec
from spoton_schemas.habits import Habits
from spoton_schemas.records import (
    CameraMapPoints,
    Event,
    GlobalIds,
    Kind,
    MappedTrack,
    MapPoints,
    Outcome,
    PersonPosition,
    Point,
    Scene,
    SceneCamera,
    TaskStart,
    Zone,
)
from spoton_schemas.topics import EVENTS, GLOBAL_IDS, HABITS, MAP_POINTS

if TYPE_CHECKING:
    from spoton_local.connections import Connections

pytestmark = pytest.mark.integration

TICKS = 600
ZONE = Zone("door", (Point(4.0, 0.0), Point(8.0, 0.0), Point(8.0, 4.0), Point(4.0, 4.0)))


def scene_of(environment_id: str) -> Scene:
    return Scene(environment_id, "E", 10, (SceneCamera("c0"),), zones=(ZONE,))


def records(task_id: str, environment_id: str) -> list[MapPoints]:
    """Five people go round in circles, in and out of a zone, for a minute."""

    def mark(kind: Kind, tick: int, **content: object) -> MapPoints:
        return MapPoints(
            task_id=task_id,
            environment_id=environment_id,
            kind=kind,
            sub_video_batch_index=0,
            global_frame_index=tick,
            event_time_us=tick * 100_000,
            **content,  # type: ignore[arg-type]
        )

    def frame(tick: int) -> MapPoints:
        people = tuple(
            PersonPosition(
                global_id=g,
                x_m=6 + 4 * sin(tick / 30 + g),
                y_m=2 + cos(tick / 17 + g),
                vx_m_s=0,
                vy_m_s=0,
                std_m=0.1,
                camera_ids=("c0",),
            )
            for g in range(1, 6)
        )
        box = {"bbox_xyxy": (0, 0, 1, 1), "confidence": 0.9, "class_id": 0, "class_name": "person"}
        tracks = tuple(MappedTrack(track_id=g, global_id=g, **box) for g in range(1, 6))  # type: ignore[arg-type]
        camera = CameraMapPoints(camera_id="c0", camera_frame_index=tick, event_time_us=0, tracks=tracks)
        return mark(Kind.FRAME, tick, cameras=(camera,), people=people)

    scene = scene_of(environment_id)
    start = mark(Kind.START, 0, start=TaskStart(scene, ("c0",), 0))
    return [start, *map(frame, range(TICKS)), mark(Kind.END_OF_TASK, TICKS, outcome=Outcome.COMPLETED)]


class Line:
    """The process, the topics on both its sides."""

    def __init__(self, stack: "Connections", port: int, log: Path) -> None:
        self.task_id, self.environment_id = str(uuid.uuid4()), str(uuid.uuid4())
        self.stack = stack
        self._environment = {**os.environ, **stack.as_environment(), "SPOTON_HTTP_PORT": str(port)}
        self._port, self._log = port, log
        create_topics(AdminClient({"bootstrap.servers": stack.kafka_bootstrap}))
        register_schemas(SchemaRegistryClient({"url": stack.registry_url}))
        self._codec = Codec.connect(stack.registry_url)
        self._producer = RecordProducer(stack.kafka_bootstrap, self._codec)
        self._consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": uuid.uuid4().hex})
        found = self._consumer.list_topics(EVENTS.name).topics[EVENTS.name].partitions
        self._partitions = len(found)
        ends = [self._consumer.get_watermark_offsets(TopicPartition(EVENTS.name, n))[1] for n in found]
        self._consumer.assign([TopicPartition(EVENTS.name, n, end) for n, end in zip(found, ends, strict=True)])
        self.told: list[Event] = []

    def start(self, module: str = "spoton_mapper.events") -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", module], env=self._environment, stderr=log)

    def habits(self, task_id: str) -> Habits | None:
        """Ask as the mapper does at the START of a task."""
        patience = Patience("test", threading.Event(), Health())
        return HabitsTopic(self.stack.kafka_bootstrap, self._codec, patience, "mapper").of(self.environment_id, task_id)

    def spoil_habits(self) -> None:
        """Write what nobody can read beside what the tasks of the environment taught."""
        rubbish = {"no-avro": b"rubbish", "unknown-schema": b"\0\0\x0f\0\0rubbish", "gone": None, "cut": b"\0\0"}
        for name, value in rubbish.items():
            self._producer.send_bytes(HABITS.name, f"{self.environment_id}/{name}".encode(), value)
        self._producer.flush(20)

    def begin(self, task_id: str) -> None:
        """Let a task begin at the mapper."""
        start = TaskStart(scene_of(self.environment_id), ("c0",), 0)
        where = {"sub_video_batch_index": 0, "global_frame_index": 0, "event_time_us": 0}
        for kind, content in ((Kind.START, {"start": start}), (Kind.END_OF_TASK, {"outcome": Outcome.COMPLETED})):
            self._producer.send(
                GLOBAL_IDS,
                GlobalIds(task_id=task_id, environment_id=self.environment_id, kind=kind, **where, **content),  # type: ignore[arg-type]
            )
        self._producer.flush(20)

    def started(self, task_id: str) -> list[MapPoints]:
        """Return what the mapper wrote of a task's START so far."""
        return [
            record
            for number in range(self._partitions)
            for message in read_partition(self.stack.kafka_bootstrap, MAP_POINTS.name, number)
            if message.key() == task_id.encode()
            and (record := self._codec.read(MAP_POINTS, message.key(), message.value())).kind is Kind.START
        ]

    def written(self, event: Event) -> Event:
        """Return an event as readers get it: its confidence is a float of 32 bits."""
        return self._codec.decode(EVENTS, self._codec.encode(EVENTS, event))

    def say(self, *given: MapPoints) -> None:
        for record in given:
            self._producer.send(MAP_POINTS, record)
        self._producer.flush(20)

    def wait(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert self.process.poll() is None, self._log.read_text()[-3000:]
            assert time.monotonic() < deadline, f"{len(self.told)} events only"
            message = self._consumer.poll(0.05)
            if message is not None and message.error() is None and message.key() == self.task_id.encode():
                self.told.append(self._codec.read(EVENTS, message.key(), message.value()))

    def is_healthy(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/health").status_code == 200
        except httpx.TransportError:
            return False

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._consumer.close()


@pytest.fixture
def line(stack: "Connections", free_port_base: Callable[[], int], tmp_path: Path) -> Iterator[Line]:
    made = Line(stack, free_port_base(), tmp_path / "log")
    made.start()
    yield made
    made.close()


def test_events_survive_a_kill_in_the_middle_and_the_next_task_knows_what_this_one_taught(line: Line) -> None:
    given = records(line.task_id, line.environment_id)
    stage = EventsStage(rules_of(BehaviourParameters()))
    outputs = [output for output in stage.feed(given) if isinstance(output, Output)]
    expected = [line.written(output.record) for output in outputs if output.topic is EVENTS]
    (taught,) = [output.record.habits for output in outputs if output.topic is HABITS]
    assert len(expected) > 100
    assert taught.people == 5

    half = len(given) // 2
    line.say(*given[:half])
    line.wait(lambda: len(line.told) > 30)
    line.process.kill()
    line.process.wait()
    line.start()
    line.say(*given[half:], *given[half - 5 : half])  # and a sender that repeats itself
    line.wait(lambda: expected[-1] in line.told)
    assert {event.event_id: event for event in line.told} == {event.event_id: event for event in expected}
    assert list(dict.fromkeys(map(str, line.told))) == list(map(str, expected))
    line.wait(line.is_healthy)
    line.process.send_signal(signal.SIGTERM)
    assert line.process.wait(20) == 0

    # What the task taught counts once, whatever came twice; for others of its environment only.
    assert line.habits("another") == taught
    assert line.habits(line.task_id) is None
    line.spoil_habits()
    assert line.habits("another") == taught, "what cannot be read is left out"
    line.start("spoton_mapper")
    line.begin("next-" + line.task_id)
    line.wait(lambda: line.started("next-" + line.task_id))
    assert [record.habits for record in line.started("next-" + line.task_id)] == [taught]
