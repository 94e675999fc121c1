"""Trace context from a task's start to the end of the line, with spans kept in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY
from spoton_common.runtime import ledger
from spoton_common.runtime.observed import Observed, span_attributes
from spoton_common.settings import TracingSettings
from spoton_common.tracing import (
    HEADER,
    UNTRACED,
    Tracing,
    configure_tracing,
    make_provider,
    read_traceparent,
    trace_id_text,
)
from spoton_schemas.records import Detections, Frame, GlobalIds, Kind, MapPoints, Outcome, Tick, Tracks

Headers = dict[str, bytes]


@dataclass(frozen=True)
class Message:
    """A message as the client gives it, without a broker."""

    in_topic: str
    carried: Headers

    def topic(self) -> str:
        return self.in_topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 0

    def headers(self) -> list[tuple[str, bytes | None]]:
        return list(self.carried.items())


class Spans:
    """Where spans of several processes end up."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()

    def tracing(self, service: str, ratio: float = 1.0) -> Tracing:
        provider = make_provider(service, SimpleSpanProcessor(self._exporter))
        return Tracing(provider.get_tracer("test"), ratio)

    def all(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()


@pytest.fixture
def spans() -> Spans:
    return Spans()


def camera_record(record_type: type[Tick], tick: int, camera_id: str, kind: Kind = Kind.FRAME) -> Tick:
    return record_type(
        task_id="t",
        environment_id="e",
        camera_id=camera_id,  # type: ignore[call-arg]
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=tick,
        camera_frame_index=tick,
        event_time_us=0,
    )


def task_record(record_type: type[Tick], tick: int, kind: Kind = Kind.FRAME) -> Tick:
    return record_type(
        task_id="t",
        environment_id="e",
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=tick,
        event_time_us=0,
        outcome=Outcome.COMPLETED if kind is Kind.END_OF_TASK else None,
    )


def take(observed: Observed, topic: str, record: Tick, headers: Headers) -> None:
    observed.accepted(observed.received(Message(topic, headers)), record)


def travel(tracings: dict[str, Tracing], tick: int, cameras: Sequence[str] = ("c0", "c1")) -> Headers:
    """Let a tick pass the whole line, each stage with a process's own tracing; return what reaches the end."""
    task = tracings["gateway"].task("t", "start task", 1, {})
    detector = Observed("detector", "frames", tracings["detector"])
    track = Observed("track", "detections", tracings["reid"])
    associate = Observed("associate", "tracks", tracings["reid"])
    mapper = Observed("mapper", "global-ids", tracings["mapper"])
    for camera in cameras:
        frame = camera_record(Frame, tick, camera)
        trace = tracings["ingest"].tick("t", tick, "send frames", 2, span_attributes(frame), task)
        headers = {HEADER: trace, ledger.HEADER: ledger.encode({"ingest": 1_700_000_000_000_000})}
        take(detector, "frames", frame, headers)
        headers = detector.headers(camera_record(Detections, tick, camera))
        take(track, "detections", camera_record(Detections, tick, camera), headers)
        headers = track.headers(camera_record(Tracks, tick, camera))
        take(associate, "tracks", camera_record(Tracks, tick, camera), headers)
    identified = task_record(GlobalIds, tick)
    take(mapper, "global-ids", identified, associate.headers(identified))
    return mapper.headers(task_record(MapPoints, tick))


def processes(spans: Spans, ratio: float = 1.0) -> dict[str, Tracing]:
    return {name: spans.tracing(name, ratio) for name in ("gateway", "ingest", "detector", "reid", "mapper")}


def test_the_spans_of_one_tick_are_one_trace_over_all_stages(spans: Spans) -> None:
    last = travel(processes(spans), 7)
    task, *found = sorted(spans.all(), key=lambda span: span.start_time or 0)
    assert task.name == "start task"
    trace_id = trace_id_text(last[HEADER])
    assert {f"{span.get_span_context().trace_id:032x}" for span in found} == {trace_id}
    assert f"{task.get_span_context().trace_id:032x}" != trace_id
    names = [span.name for span in found]
    assert {name: names.count(name) for name in names} == {
        "send frames": 2,
        "process frames": 2,
        "process detections": 2,
        "process tracks": 1,
        "process global-ids": 1,
    }
    by_id = {span.get_span_context().span_id: span for span in found}
    roots = [span for span in found if span.parent is None]
    assert [span.name for span in roots] == ["send frames", "send frames"]
    assert {span.links[0].context.span_id for span in roots} == {task.get_span_context().span_id}
    # Every other span hangs on one that exists, down to the mapper's, whose id the last record carries.
    step: ReadableSpan | None = by_id[int(last[HEADER][36:52], 16)]
    path = []
    while step is not None:
        path.append(step.name)
        step = by_id[step.parent.span_id] if step.parent else None
    assert path == ["process global-ids", "process tracks", "process detections", "process frames", "send frames"]
    joined = next(span for span in found if span.name == "process tracks")
    assert len(joined.links) == 1  # the other camera


def test_the_ledger_has_every_stage(spans: Spans) -> None:
    times = ledger.decode([(ledger.HEADER, travel(processes(spans), 1)[ledger.HEADER])])
    assert list(times) == ["ingest", "detector", "track", "associate", "mapper"]
    assert sorted(times.values()) == list(times.values())
    hop = REGISTRY.get_sample_value("spoton_hop_seconds_count", {"stage": "mapper"})
    assert hop is not None
    assert hop >= 1


def test_without_an_exporter_the_context_passes_through_unchanged() -> None:
    last = travel(dict.fromkeys(("gateway", "ingest", "detector", "reid", "mapper"), UNTRACED), 7, ("c0",))
    assert last[HEADER].endswith(b"-00")
    again = travel(dict.fromkeys(("gateway", "ingest", "detector", "reid", "mapper"), UNTRACED), 7, ("c0",))
    assert trace_id_text(last[HEADER]) == trace_id_text(again[HEADER])


def test_a_share_of_the_ticks_is_sampled_with_all_its_cameras(spans: Spans) -> None:
    tracings = processes(spans, ratio=0.25)
    sampled = [tick for tick in range(200) if travel(tracings, tick)[HEADER][-1] in b"13"]
    assert 25 < len(sampled) < 80
    ticks = [span for span in spans.all() if span.name != "start task"]
    assert len(ticks) == 8 * len(sampled)


def test_marks_go_on_in_the_trace_of_the_task(spans: Spans) -> None:
    tracings = processes(spans)
    task = tracings["gateway"].task("t", "start task", 1, {})
    associate = Observed("associate", "tracks", tracings["reid"])
    for kind in (Kind.START, Kind.END_OF_TASK):
        for camera in ("c0", "c1"):
            take(associate, "tracks", camera_record(Tracks, 0, camera, kind), {HEADER: task})
        headers = associate.headers(task_record(GlobalIds, 0, kind))
        assert trace_id_text(headers[HEADER]) == trace_id_text(task)
        assert ledger.HEADER not in headers
    assert associate.headers(task_record(GlobalIds, 1, Kind.END_OF_SEGMENT)) == {}


def test_a_task_started_within_a_callers_trace_belongs_to_it(spans: Spans) -> None:
    caller = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert trace_id_text(spans.tracing("gateway").task("t", "start task", 1, {}, caller)) == trace_id_text(caller)
    (span,) = spans.all()
    assert span.parent is not None
    assert span.parent.span_id == 0xB7AD6B7169203331


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"rubbish",
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        b"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        b"00-00000000000000000000000000000000-b7ad6b7169203331-01",
        b"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
        b"\xff" * 55,
    ],
)
def test_a_header_that_is_no_trace_context_is_none(value: bytes | None) -> None:
    assert read_traceparent([("traceparent", value)]) is None


def test_a_refused_record_leaves_nothing_behind() -> None:
    observed = Observed("track", "detections", UNTRACED)
    record = camera_record(Detections, 3, "c0")
    take(observed, "detections", record, {ledger.HEADER: ledger.encode({"ingest": 1_700_000_000_000_000})})
    observed.refused([record])
    assert observed.headers(camera_record(Tracks, 3, "c0")) == {}


def test_no_endpoint_means_no_exporter() -> None:
    assert configure_tracing("x", TracingSettings(exporter_otlp_endpoint=None)) is UNTRACED
