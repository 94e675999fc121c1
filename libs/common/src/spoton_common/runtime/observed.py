"""What a stage's runner tells of its work: metrics, latency ledger, traces, and which record a log event is about."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, Message
from spoton_schemas.records import CameraTick, Kind, Tick

from spoton_common import log_context, metrics
from spoton_common.kafka.lag import observe_lag
from spoton_common.kafka.producer import RecordProducer
from spoton_common.log_context import Place
from spoton_common.runtime import ledger
from spoton_common.runtime.waiting import Waiting
from spoton_common.tracing import HEADER, Traceparent, Tracing, read_traceparent
from spoton_common.tracing.tracing import Attributes


@dataclass(frozen=True, slots=True)
class _Luggage:
    """What came with a record, and when."""

    times: ledger.Times
    trace: Traceparent | None
    arrived_ns: int


class Observed:
    """Everything that is to be seen of one stage of one process; used from the runner's thread."""

    def __init__(self, stage: str, topic: str, tracing: Tracing, wall_clock: Callable[[], float] = time.time) -> None:
        self._stage = stage
        self._topic = topic
        self._tracing = tracing
        self._wall_clock = wall_clock
        self._inside: Waiting[_Luggage] = Waiting()
        self._batch: dict[int, Place] = {}
        metrics.announce(stage)
        # Looking a child up by its labels costs more than counting.
        self._records_in = metrics.RECORDS_IN.labels(stage, topic)
        self._feed_seconds = metrics.FEED_SECONDS.labels(stage)
        self._batch_size = metrics.BATCH_SIZE.labels(stage)

    def received(self, message: Message) -> Place:
        """A message was read; until the next, logs are about it."""
        self._records_in.inc()
        place = Place.of(message)
        log_context.reading(place)
        return place

    def accepted(self, place: Place, record: Tick, *, awaited: bool = True) -> None:
        """The message holds a record that will be fed; ``awaited``: something will be said to it."""
        self._batch[id(record)] = place
        if not awaited:
            return
        times, trace = ledger.decode(place.headers), read_traceparent(place.headers)
        if times or trace:
            self._inside.arrived(record, _Luggage(times, trace, self._now_ns()))

    def dropped(self, reason: str) -> None:
        """A record was left out."""
        metrics.DROPPED.labels(self._stage, reason).inc()

    @contextmanager
    def feeding(self) -> Iterator[None]:
        """Watch the stage while it works on what was accepted since the last time."""
        self._batch_size.observe(len(self._batch))
        log_context.feeding(self._batch)
        with self._feed_seconds.time():
            yield
        self._batch = {}
        log_context.done()

    def refused(self, records: Sequence[Tick]) -> None:
        """Nothing more will come of these records, if anything has."""
        for record in records:
            self._inside.left(record)

    def sent(self, topic: str) -> None:
        """A record was written."""
        metrics.RECORDS_OUT.labels(self._stage, topic).inc()

    def headers(self, record: Any) -> dict[str, bytes]:
        """Return the headers of a result: its ledger and its trace, both with this stage's entry."""
        if not isinstance(record, Tick):
            return {}
        luggage = self._inside.left(record)
        if record.kind is Kind.END_OF_TASK:
            self._inside.forget(record)
        headers = {}
        times = ledger.latest([item.times for item in luggage]) if record.kind is Kind.FRAME else {}
        if times:
            now_us = int(self._wall_clock() * 1e6)
            ledger.observe(self._stage, times, now_us)
            headers[ledger.HEADER] = ledger.encode({**times, self._stage: now_us})
        traces = [item.trace for item in luggage if item.trace is not None]
        if traces:
            began_ns = min(item.arrived_ns for item in luggage)
            headers[HEADER] = self._tracing.hop(traces, f"process {self._topic}", began_ns, span_attributes(record))
        return headers

    def looked(self, consumer: Consumer, producer: RecordProducer) -> None:
        """Set what is only looked at now and then."""
        observe_lag(consumer, self._stage)
        metrics.QUEUE_DEPTH.labels(self._stage, "pictures").set(len(self._inside))
        metrics.QUEUE_DEPTH.labels(self._stage, "producer").set(producer.waiting)

    def partitions(self, count: int) -> None:
        """So many partitions are held."""
        metrics.PARTITIONS.labels(self._stage).set(count)

    def _now_ns(self) -> int:
        return int(self._wall_clock() * 1e9)


def span_attributes(record: Tick) -> Attributes:
    """Say in a span what it is about."""
    found: dict[str, str | int] = {
        "messaging.system": "kafka",
        "spoton.task": record.task_id,
        "spoton.tick": record.global_frame_index,
        "spoton.kind": record.kind.value,
    }
    if isinstance(record, CameraTick):
        found["spoton.camera"] = record.camera_id
    return found


def traces_of(headers: Sequence[tuple[str, bytes | None]] | None) -> list[Traceparent]:
    """Return the trace of a record that has one, for ``Tracing.hop``."""
    found = read_traceparent(headers)
    return [] if found is None else [found]
