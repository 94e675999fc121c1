"""The runner on a real broker: duplicates, restarts, two instances sharing the partitions."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from spoton_common.kafka.producer import RecordProducer
from spoton_common.kafka.snapshots import Snapshot
from spoton_common.runtime.runner import RunnerOptions, StageRunner
from spoton_common.runtime.stage import KeyedStage, Output
from spoton_local import Connections
from spoton_schemas.codec import Codec
from spoton_schemas.records import Detections, Frame, Kind, Outcome, Scene, SceneCamera, Stage, StatusKind, TaskStart
from spoton_schemas.topics import DETECTIONS, FRAMES, TASK_STATUS, state_topic, topic_settings

pytestmark = pytest.mark.integration

CAMERAS = ("c0", "c1", "c2")
NAME = "numbering"


@pytest.fixture(scope="module", autouse=True)
def state(stack: Connections) -> None:
    """Create the state topic of a stage of our own: a real one could not read what this one leaves behind."""
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    if state_topic(NAME) not in admin.list_topics(timeout=10).topics:
        settings = next(s for s in topic_settings() if s.name == state_topic("detector"))
        topic = NewTopic(state_topic(NAME), settings.partitions, 1, config=settings.config)
        admin.create_topics([topic])[state_topic(NAME)].result(30)


class Numbering:
    """Numbers a camera's records: a lost or doubled one shows in all that follow."""

    def __init__(self) -> None:
        self.count = 0

    def feed(self, record: Frame) -> list[Output]:
        self.count += record.kind is Kind.FRAME
        found = Detections(
            task_id=record.task_id,
            environment_id="e",
            camera_id=record.camera_id,
            kind=record.kind,
            sub_video_batch_index=0,
            global_frame_index=record.global_frame_index,
            camera_frame_index=self.count,
            start=record.start,
            outcome=record.outcome,
            error=record.error,
            event_time_us=0,
        )
        return [Output(DETECTIONS, found)]

    def snapshot(self) -> bytes:
        return str(self.count).encode()

    def restore(self, state: bytes) -> None:
        self.count = int(state)


@contextmanager
def instance(stack: Connections, wall_clock: Callable[[], float] = time.time) -> Iterator[Callable[[], bool]]:
    """Run an instance of the stage in a thread; yields what tells whether its loop has turned."""
    runner = StageRunner(
        RunnerOptions(NAME, Stage.DETECTOR, checkpoint_s=0.2),
        KeyedStage(FRAMES, lambda _key: Numbering()),
        FRAMES,
        stack.kafka_bootstrap,
        Codec.connect(stack.registry_url),
        wall_clock,
    )
    stop, turned = threading.Event(), threading.Event()
    thread = threading.Thread(target=runner.run, args=(stop, turned.set), daemon=True)
    thread.start()
    try:
        yield turned.is_set
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def start(task_id: str, camera_id: str) -> Frame:
    scene = Scene("e", "E", 10.0, tuple(SceneCamera(c) for c in CAMERAS))
    mark = frame(task_id, camera_id, 0)
    return replace(mark, kind=Kind.START, jpeg=None, start=TaskStart(scene, CAMERAS, 0))


def frame(task_id: str, camera_id: str, tick: int) -> Frame:
    return Frame(
        task_id=task_id,
        environment_id="e",
        camera_id=camera_id,
        kind=Kind.FRAME,
        sub_video_batch_index=0,
        global_frame_index=tick,
        camera_frame_index=tick,
        event_time_us=0,
        jpeg=b"x" * 1000,
    )


def send(stack: Connections, task_id: str, ticks: range) -> None:
    producer = RecordProducer(stack.kafka_bootstrap, Codec.connect(stack.registry_url))
    for camera_id in CAMERAS:
        producer.send(FRAMES, start(task_id, camera_id))
    for tick in ticks:
        for camera_id in CAMERAS:
            producer.send(FRAMES, frame(task_id, camera_id, tick), {"spoton-ledger": b'{"ingest": 1700000000000000}'})
    producer.flush()


class Reader:
    """Collects the distinct results of a task, and how often any was said."""

    def __init__(self, stack: Connections, task_id: str) -> None:
        self._task_id = task_id
        self._codec = Codec.connect(stack.registry_url)
        self._consumer = Consumer(
            {"bootstrap.servers": stack.kafka_bootstrap, "group.id": str(uuid.uuid4()), "auto.offset.reset": "earliest"}
        )
        self._consumer.subscribe(["detections"])
        self.results: dict[tuple[str, int], set[int]] = {}
        self.marks: list[Detections] = []

    def read_until(self, count: int, timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while len(self.results) < count:
            assert time.monotonic() < deadline, f"{len(self.results)} of {count} results"
            message = self._consumer.poll(0.5)
            if message is None or message.error():
                continue
            record = self._codec.decode(DETECTIONS, message.value())
            if record.task_id == self._task_id and record.kind is not Kind.FRAME:
                self.marks.append(record)
            elif record.task_id == self._task_id:
                key = (record.camera_id, record.global_frame_index)
                self.results.setdefault(key, set()).add(record.camera_frame_index)

    def close(self) -> None:
        self._consumer.close()


@pytest.fixture
def task_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def reader(stack: Connections, task_id: str) -> Iterator[Reader]:
    reader = Reader(stack, task_id)
    yield reader
    reader.close()


def expected(ticks: int) -> dict[tuple[str, int], set[int]]:
    return {(camera_id, tick): {tick + 1} for camera_id in CAMERAS for tick in range(ticks)}


def test_a_restarted_instance_goes_on_with_its_state_and_drops_what_comes_twice(
    stack: Connections, task_id: str, reader: Reader
) -> None:
    with instance(stack):
        send(stack, task_id, range(20))
        reader.read_until(60)
    send(stack, task_id, range(10, 30))
    with instance(stack):
        reader.read_until(90)
    assert reader.results == expected(30)


def test_a_wall_clock_that_jumps_changes_nothing(stack: Connections, task_id: str, reader: Reader) -> None:
    jumping = cycle((0.0, 4e9, 1.7e9, -1.0))
    with instance(stack, lambda: next(jumping)):
        send(stack, task_id, range(20))
        reader.read_until(60)
    with instance(stack, lambda: next(jumping)):
        send(stack, task_id, range(20, 30))
        reader.read_until(90)
    assert reader.results == expected(30)


def test_a_second_instance_takes_over_partitions_with_their_state(
    stack: Connections, task_id: str, reader: Reader
) -> None:
    with instance(stack):
        send(stack, task_id, range(20))
        reader.read_until(60)
        with instance(stack):
            send(stack, task_id, range(20, 60))
            reader.read_until(180)
        send(stack, task_id, range(60, 70))
        reader.read_until(210)
    assert reader.results == expected(70)


def test_a_record_that_is_not_avro_goes_to_the_dead_letters_and_the_next_one_is_fed(
    stack: Connections, task_id: str, reader: Reader
) -> None:
    producer = RecordProducer(stack.kafka_bootstrap, Codec.connect(stack.registry_url))
    marker = f"rubbish of {task_id}".encode()
    producer.send_bytes("frames", f"{task_id}/c0".encode(), marker, {"origin": b"test"})
    producer.flush()
    send(stack, task_id, range(1))
    with instance(stack):
        reader.read_until(3)
    assert reader.results == expected(1)
    letters = Consumer(
        {"bootstrap.servers": stack.kafka_bootstrap, "group.id": str(uuid.uuid4()), "auto.offset.reset": "earliest"}
    )
    letters.subscribe(["dead-letters"])
    deadline = time.monotonic() + 30
    while (message := letters.poll(0.5)) is None or message.value() != marker:
        assert time.monotonic() < deadline
    letters.close()
    headers = dict(message.headers())
    assert (headers["origin"], headers["spoton-reason"], headers["spoton-topic"]) == (b"test", b"unreadable", b"frames")


def test_an_unreadable_state_ends_its_own_stream_and_nobody_elses(
    stack: Connections, task_id: str, reader: Reader
) -> None:
    with instance(stack):
        send(stack, task_id, range(20))
        reader.read_until(60)
    lost = f"{task_id}/c1"
    spoil(stack, lost)
    send(stack, task_id, range(20, 30))
    with instance(stack):
        reader.read_until(80)
        send(stack, task_id, range(30, 35))  # the first that nobody can have read before the loss
        reader.read_until(90)
    send(stack, task_id, range(35, 40))
    with instance(stack):  # finds what the one before has noted
        reader.read_until(100)
    assert reader.results == {key: said for key, said in expected(40).items() if key[0] != "c1" or key[1] < 20}
    [end] = [record for record in reader.marks if record.kind is Kind.END_OF_TASK]
    assert (end.camera_id, end.global_frame_index, end.outcome) == ("c1", 30, Outcome.FAILED)
    why = (
        f"{NAME}: the state of '{lost}' cannot be read (ValueError: invalid literal for int() with base 10: b'rubbish')"
    )
    assert end.error == f"{why}, run the task again"
    letters = [m for m in read_all(stack, "dead-letters") if m.key() == lost.encode()]
    assert [dict(m.headers())["spoton-reason"] for m in letters] == [b"unreadable_state"]
    assert Snapshot.from_bytes(letters[0].value()).state == b"rubbish"
    codec = Codec.connect(stack.registry_url)
    statuses = [
        codec.decode(TASK_STATUS, m.value()) for m in read_all(stack, "task-status") if m.key() == task_id.encode()
    ]
    assert [(s.camera_id, s.message) for s in statuses if s.kind is StatusKind.CAMERA_FAILED] == [("c1", end.error)]


def spoil(stack: Connections, key: str) -> None:
    """Write over a key's state what no version can read, and rubbish of nobody beside it."""
    [newest] = [m for m in read_all(stack, state_topic(NAME)) if m.key() == key.encode()][-1:]
    snapshot = replace(Snapshot.from_bytes(newest.value()), state=b"rubbish")
    producer = RecordProducer(stack.kafka_bootstrap, Codec.connect(stack.registry_url))
    producer.send_bytes(newest.topic(), newest.key(), snapshot.to_bytes(), partition=newest.partition())
    producer.send_bytes(newest.topic(), b"\xff", b"rubbish", partition=newest.partition())
    producer.flush()


def read_all(stack: Connections, topic: str) -> list[Message]:
    """Read a topic from its beginning to its end."""
    settings = {"bootstrap.servers": stack.kafka_bootstrap, "group.id": str(uuid.uuid4()), "enable.partition.eof": True}
    consumer = Consumer(settings)
    numbers = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in numbers])
    found, ended = [], 0
    while ended < len(numbers):
        message = consumer.poll(10)
        assert message is not None, f"{topic} does not end"
        if message.error() is None:
            found.append(message)
        else:
            ended += 1
    consumer.close()
    return found
