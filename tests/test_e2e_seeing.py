"""What an operator sees of a small task on the running line: ledger, traces, metrics, logs."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families
from spoton_common.metrics import DECLARED
from spoton_common.runtime import ledger
from spoton_common.tracing import read_traceparent, trace_id_text
from spoton_common.tracing.traceparent import is_sampled, task_trace_id, tick_trace_id
from spoton_docs import SERVICES
from spoton_local import Layout
from spoton_local.plan import load_plan
from spoton_schemas.codec import Codec
from spoton_schemas.records import Kind
from spoton_schemas.topics import DETECTIONS, FRAMES, GLOBAL_IDS, MAP_POINTS, TRACKS
from websockets.sync.client import connect

from tests.collector import Collector, Span
from tests.line import Line

pytestmark = pytest.mark.e2e

LAYOUT = Layout(Path(__file__).parents[1] / ".local" / "test-line")
STAGES = ("ingest", "detector", "track", "associate", "mapper")
PROCESSES = {
    "ingest": "spoton_ingest",
    "detector": "spoton_detector",
    "reid": "spoton_reid",
    "mapper": "spoton_mapper",
    "gateway": "spoton_gateway",
    "sink": "spoton_gateway.sinks",
}


@dataclass(frozen=True)
class Watched:
    """A finished task, and what a WebSocket client that followed it was told."""

    task_id: str
    messages: list[dict[str, Any]]


@pytest.fixture(scope="module")
def task(line: Line, scene: Path) -> Watched:
    environment = line.spoton("environments", "add", scene, check=True).stdout.strip()
    gateway = line.connections.gateway_url
    started = httpx.post(f"{gateway}/api/v1/processing-tasks/start", json={"environment_id": environment}).json()
    messages: list[dict[str, Any]] = []

    def listen() -> None:
        with connect(f"{gateway.replace('http', 'ws', 1)}{started['websocket_url']}", max_size=None) as socket:
            messages.extend(map(json.loads, socket))

    listening = threading.Thread(target=listen)
    listening.start()
    finished = line.spoton("tasks", "follow", started["task_id"])
    assert "COMPLETED" in finished.stdout, finished.stderr
    listening.join(60)
    return Watched(started["task_id"], messages)


@dataclass(frozen=True)
class Carried:
    """A record's place in its stream, and what its headers carried."""

    topic: str
    kind: Kind
    tick: int
    trace_id: str
    sampled: bool
    stages: tuple[str, ...]


@pytest.fixture(scope="module")
def records(line: Line, task: Watched) -> list[Carried]:
    """Read the task's records and their headers from Kafka."""
    codec = Codec.connect(line.connections.registry_url)
    found = []
    for topic in (FRAMES, DETECTIONS, TRACKS, GLOBAL_IDS, MAP_POINTS):
        consumer = Consumer({"bootstrap.servers": line.connections.kafka_bootstrap, "group.id": "unused"})
        numbers = consumer.list_topics(topic.name, timeout=10).topics[topic.name].partitions
        for number in numbers:
            _, end = consumer.get_watermark_offsets(TopicPartition(topic.name, number), timeout=10)
            consumer.assign([TopicPartition(topic.name, number, 0)])
            offset = -1
            while offset + 1 < end:
                message = consumer.poll(10)
                assert message is not None
                offset = message.offset()
                if not (message.key() or b"").startswith(task.task_id.encode()):
                    continue
                record = codec.decode(topic, message.value())
                trace = read_traceparent(message.headers())
                assert trace is not None, (topic.name, record.kind)
                stages = tuple(ledger.decode(message.headers()))
                found.append(
                    Carried(
                        topic.name,
                        record.kind,
                        record.global_frame_index,
                        trace_id_text(trace),
                        is_sampled(trace),
                        stages,
                    )
                )
        consumer.close()
    return found


def wait_for(condition: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.1)
    return found


def test_a_pictures_ledger_grows_from_stage_to_stage(task: Watched, records: list[Carried]) -> None:
    topics = ("frames", "detections", "tracks", "global-ids", "map-points")
    for count, topic in enumerate(topics, start=1):
        assert {r.stages for r in records if r.topic == topic and r.kind is Kind.FRAME} == {STAGES[:count]}
    updates = [m for m in task.messages if m["type"] == "tracking_update"]
    assert len(updates) == 160
    for update in updates:
        times = [*update["payload"]["latency"].values(), update["sent_us"]]
        assert tuple(update["payload"]["latency"]) == STAGES
        assert sorted(times) == times


def test_every_record_carries_the_trace_of_its_tick_and_every_mark_that_of_its_task(
    task: Watched, records: list[Carried]
) -> None:
    for record in records:
        derived = tick_trace_id(task.task_id, record.tick)
        expected = derived if record.kind is Kind.FRAME else task_trace_id(task.task_id)
        assert record.trace_id == f"{expected:032x}", record


def test_the_spans_of_a_tick_join_into_one_trace_over_all_processes(
    task: Watched, records: list[Carried], collector: Collector
) -> None:
    sampled = {r.trace_id for r in records if r.sampled and r.kind is Kind.FRAME}
    assert 10 < len(sampled) < 60  # a fifth of 160
    expected = [
        *[("ingest", "send frames")] * 2,
        *[("detector", "process frames")] * 2,
        *[("reid", "process detections")] * 2,
        ("reid", "process tracks"),
        ("mapper", "process global-ids"),
        ("sink", "process map-points"),
        ("gateway", "process map-points"),
    ]

    def whole() -> list[Span]:
        found = [collector.trace(trace_id) for trace_id in sorted(sampled)]
        complete = [spans for spans in found if sorted((s.service, s.name) for s in spans) == sorted(expected)]
        return complete[0] if len(complete) > len(sampled) / 2 else []

    spans = wait_for(whole)
    ids = {span.span_id for span in spans}
    assert {span.name for span in spans if span.parent_id not in ids} == {"send frames"}
    roots = [span for span in spans if not span.parent_id]
    assert {span.linked for span in roots} == {(f"{task_trace_id(task.task_id):032x}",)}
    names = {span.name for span in collector.trace(f"{task_trace_id(task.task_id):032x}")}
    assert {"start task", "process segments", "process global-ids", "process map-points"} <= names


@pytest.mark.parametrize("service", PROCESSES)
@pytest.mark.usefixtures("task")
def test_a_service_emits_every_metric_that_it_says_it_emits(service: str) -> None:
    plan = load_plan(LAYOUT)
    assert plan is not None
    text = httpx.get(f"http://127.0.0.1:{getattr(plan.ports, service)}/metrics").text
    found = list(text_string_to_metric_families(text))
    emitted = {(s.name, s.labels.get("stage")) for family in found for s in family.samples}
    stages = SERVICES[PROCESSES[service]].stages
    for declaration in DECLARED:
        suffix = {"counter": "_total", "gauge": "", "histogram": "_count"}[declaration.kind]
        for stage in set(stages) & set(declaration.stages):
            label = stage if declaration.labels[0] == "stage" else None
            assert (f"{declaration.name}{suffix}", label) in emitted, (service, declaration.name)
    strangers = {stage for _, stage in emitted if stage} - set(stages)
    assert not strangers
    assert ("process_resident_memory_bytes", None) in emitted


def test_a_log_line_about_a_record_says_which_and_shows_nothing_of_it(line: Line, task: Watched) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    producer = Producer({"bootstrap.servers": line.connections.kafka_bootstrap})
    headers = [("traceparent", f"00-{trace_id}-b7ad6b7169203331-00".encode())]
    places: list[tuple[int, int]] = []
    producer.produce(
        *("detections", b"not avro: a face", f"{task.task_id}/c0".encode()),
        headers=headers,
        on_delivery=lambda _error, message: places.append((message.partition(), message.offset())),
    )
    producer.flush(10)

    def event() -> dict[str, Any] | None:
        lines = map(json.loads, (LAYOUT.logs / "reid.log").read_text().splitlines())
        set_aside = (line for line in lines if line.get("event") == "record set aside")
        return next((line for line in set_aside if line.get("trace") == trace_id), None)

    found = wait_for(event)
    partition, offset = places[0]
    where = {"topic": "detections", "partition": partition, "offset": offset}
    assert found.items() >= {"service": "reid", "stage": "track", "reason": "unreadable", **where}.items()
    assert "a face" not in json.dumps(found)


@pytest.mark.usefixtures("task")
@pytest.mark.parametrize("service", PROCESSES)
def test_every_line_of_a_log_is_json_and_says_who_wrote_it(service: str) -> None:
    for text in (LAYOUT.logs / f"{service}.log").read_text().splitlines():
        event = json.loads(text)
        assert event["service"] == service
        assert {"instance", "level", "timestamp", "event"} <= set(event)
