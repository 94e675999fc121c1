"""What the harness sees of a running line: its topics, its dead letters, its processes."""

import hashlib
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families
from spoton_common.kafka.dead_letters import unbury
from spoton_local import Connections
from spoton_local.ports import BASE_VARIABLE, Ports, read_ports
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.topics import DEAD_LETTERS, TOPICS

from tests.hostile.records import GOOD_TASK, STREAMS, Hostile, Sample

READERS = {
    "segments": "ingest",
    "frames": "detector",
    "detections": "track",
    "tracks": "associate",
    "global-ids": "mapper",
    "appearances": "gallery",
    "map-points": "sink",
    "identity-revisions": "sink",
    "events": "sink",
    "task-status": "sink",
}
"""Topic → the stage that sets its bad records aside."""

SECOND_READERS = {"map-points": "events", "appearances": "sink"}
"""Topic → the other stage that sets its bad records aside: each has two letters, and ``READERS``' is accounted for."""

FOLLOWED = ("commands", "environments", "task-status")
"""Topics that every instance of ingest reads for itself: bad records are counted there."""

ASKED = ("habits",)
"""Topics that are read as often as tasks begin: what cannot be read is left out each time (tested with the mapper)."""

_COUNTED = ("ingest", "detector", "reid", "mapper", "gateway", "sink")
_WATCHED = (*_COUNTED, "events", "videos")
"""Events reads what the sink reads, so what it drops is not counted once more."""

_ECHO_EVERY = 10
ECHO = ("echo", b"1")
Origin = tuple[str, int, int]


def ports_of(connections: Connections) -> Ports:
    return read_ports({BASE_VARIABLE: connections.kafka_bootstrap.rsplit(":", 1)[1]})


@dataclass(frozen=True)
class Vitals:
    """Start time, memory and counters of each process."""

    started: dict[str, float]
    resident_mb: dict[str, float]
    counters: Counter[tuple[str, str, str]]

    @classmethod
    def of(cls, connections: Connections) -> "Vitals":
        """Read all /metrics; counters by (name, stage, reason)."""
        ports, started, resident, counters = ports_of(connections), {}, {}, Counter[tuple[str, str, str]]()
        for service in _WATCHED:
            text = httpx.get(f"http://127.0.0.1:{getattr(ports, service)}/metrics", timeout=10).text
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name == "process_start_time_seconds":
                        started[service] = sample.value
                    elif sample.name == "process_resident_memory_bytes":
                        resident[service] = round(sample.value / 2**20, 1)
                    elif sample.name in ("spoton_dropped_total", "spoton_dead_letters_total") and service in _COUNTED:
                        labels = sample.labels
                        counters[sample.name, labels["stage"], labels["reason"]] += int(sample.value)
        return cls(started, resident, counters)

    def dropped_since(self, before: "Vitals") -> Counter[tuple[str, str]]:
        """Count drops by stage and reason."""
        grown = self.counters - before.counters
        return Counter({(stage, reason): n for (name, stage, reason), n in grown.items() if "dropped" in name})


def fingerprint(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    return hashlib.sha256(repr((key, value, list(headers))).encode()).digest()


@dataclass
class Outbox:
    """Sends hostile records and remembers where each landed."""

    connections: Connections
    landed: dict[Origin, tuple[Hostile, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": self.connections.kafka_bootstrap,
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
                "message.max.bytes": 32 * 1024 * 1024,
                "queue.buffering.max.kbytes": 65536,
            }
        )

    def send(self, record: Hostile, good_task: str) -> None:
        """Send one; the stand-in for the running task becomes its id."""
        key = None if record.key is None else record.key.replace(GOOD_TASK, good_task.encode())
        mark = fingerprint(key, record.value, record.headers)

        def note(error: Any, message: Any) -> None:
            assert error is None, error
            self.landed[message.topic(), message.partition(), message.offset()] = (record, mark)

        while True:
            try:
                self._producer.produce(record.topic, record.value, key, headers=list(record.headers), on_delivery=note)
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)

    def flush(self) -> None:
        assert self._producer.flush(60) == 0


def read_topic(connections: Connections, topic: str, starts: dict[int, int] | None = None) -> Iterator[Any]:
    """Yield a topic's messages up to its present end."""
    consumer = Consumer(
        {
            "bootstrap.servers": connections.kafka_bootstrap,
            "group.id": str(uuid.uuid4()),
            "enable.auto.commit": False,
        }
    )
    try:
        for number in consumer.list_topics(topic, 10).topics[topic].partitions:
            place = TopicPartition(topic, number)
            low, high = consumer.get_watermark_offsets(place, 10)
            at = max(low, (starts or {}).get(number, 0))
            consumer.assign([TopicPartition(topic, number, at)])
            while at < high:
                message = consumer.poll(10)
                assert message is not None, f"{topic} stands still"
                assert message.error() is None, message.error()
                at = message.offset() + 1
                yield message
    finally:
        consumer.close()


def ends_of(connections: Connections, topic: str) -> dict[int, int]:
    """Return a topic's next offsets."""
    consumer = Consumer({"bootstrap.servers": connections.kafka_bootstrap, "group.id": "unused"})
    try:
        numbers = consumer.list_topics(topic, 10).topics[topic].partitions
        return {n: consumer.get_watermark_offsets(TopicPartition(topic, n), 10)[1] for n in numbers}
    finally:
        consumer.close()


def samples_of(connections: Connections, task_id: str) -> dict[str, list[Sample]]:
    """Take a few good records of each topic that has any: of a finished task, small ones."""
    codec, samples = Codec.connect(connections.registry_url), dict[str, list[Sample]]()
    for name, topic in TOPICS.items():
        if name in ASKED:
            continue
        own = []
        for message in read_topic(connections, name):
            if message.value() and (task_id.encode() in (message.key() or b"") or name in ("environments", "commands")):
                try:
                    record = codec.read(topic, message.key(), message.value())
                except UnreadableRecord:  # left by an earlier run
                    continue
                own.append((getattr(record, "kind", ""), len(message.value()), message.key(), message.value(), record))
        kinds = {entry[0] for entry in own}
        chosen = [
            e for kind in sorted(kinds) for e in sorted((e for e in own if e[0] == kind), key=lambda e: e[1])[-3:]
        ]
        if name == "frames":  # pictures are large, and the smallest one is as good as any
            chosen = [min((e for e in own if e[0] == kind), key=lambda e: e[1]) for kind in sorted(kinds)]
        if chosen:
            samples[name] = [
                Sample(topic, key, value, msgspec.to_builtins(record, builtin_types=(bytes,)))
                for _, _, key, value, record in chosen
            ]
    return samples


@contextmanager
def echoing(connections: Connections, task_id: str) -> Iterator[Counter[str]]:
    """Say every tenth record of a task's streams again, a little later, while it runs."""
    said: Counter[str] = Counter()
    stop = threading.Event()
    starts = {name: ends_of(connections, name) for name in STREAMS}
    consumer = Consumer(
        {
            "bootstrap.servers": connections.kafka_bootstrap,
            "group.id": str(uuid.uuid4()),
            "enable.auto.commit": False,
            "max.partition.fetch.bytes": 8 * 1024 * 1024,
        }
    )
    consumer.assign([TopicPartition(n, p, at) for n, ends in starts.items() for p, at in ends.items()])
    own, codec = Outbox(connections), Codec.connect(connections.registry_url)

    def work() -> None:
        seen: Counter[str] = Counter()
        while not stop.is_set():
            message = consumer.poll(0.1)
            if message is None or message.error() or not (message.key() or b"").startswith(task_id.encode()):
                continue
            if any(header == ECHO for header in message.headers() or ()):
                continue
            name = message.topic()
            try:
                codec.read(TOPICS[name], message.key(), message.value())
            except UnreadableRecord:  # a hostile one
                continue
            seen[name] += 1
            if seen[name] % _ECHO_EVERY == 1:
                own.send(Hostile("echo", name, message.key(), message.value(), (ECHO,), drops=True), task_id)
                said[name] += 1

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield said
    finally:
        stop.set()
        thread.join(30)
        own.flush()
        consumer.close()


@dataclass
class Letters:
    """Dead letters since a point, by the record that they were."""

    connections: Connections
    starts: dict[int, int]
    found: dict[Origin, tuple[str, str, bytes]] = field(default_factory=dict)
    repeated: int = 0

    def collect(self) -> None:
        """Read what is new."""
        for message in read_topic(self.connections, DEAD_LETTERS, self.starts):
            headers, burial = unbury(message.headers())
            assert burial is not None, message.headers()
            self.starts[message.partition()] = message.offset() + 1
            if SECOND_READERS.get(burial.topic) == burial.stage:
                continue
            origin = (burial.topic, burial.partition, burial.offset)
            self.repeated += origin in self.found
            mark = fingerprint(message.key(), message.value(), headers)
            self.found[origin] = (burial.stage, burial.reason, mark)

    def wait_for(self, origins: set[Origin], timeout_s: float) -> set[Origin]:
        """Wait until all of these records are there; returns those that are not."""
        deadline = time.monotonic() + timeout_s
        while True:
            self.collect()
            missing = origins - self.found.keys()
            if not missing or time.monotonic() > deadline:
                return missing
            time.sleep(0.5)
