"""What it costs a record to be seen: ``python libs/common/bench/observing.py``.

Feeds records in batches of 16 to a runner's ``Observed`` and asks for the headers of their results, as the runner
does, without Kafka, decoding or a stage. Prints microseconds of processor time a record, best of five rounds.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from spoton_common.runtime import ledger
from spoton_common.runtime.observed import Observed
from spoton_common.tracing import HEADER, UNTRACED, Tracing, make_provider
from spoton_schemas.records import Detections, Kind

RECORDS = 16_000
BATCH = 16


class Nowhere(SpanExporter):
    """Takes spans and forgets them."""

    def export(self, _spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Forget them."""
        return SpanExportResult.SUCCESS


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the client gives it."""

    carried: list[tuple[str, bytes | None]]
    at: int

    def topic(self) -> str:
        """Return the topic."""
        return "detections"

    def partition(self) -> int:
        """Return the partition."""
        return 1

    def offset(self) -> int:
        """Return the offset."""
        return self.at

    def headers(self) -> list[tuple[str, bytes | None]]:
        """Return the headers."""
        return list(self.carried)


def main() -> None:
    """Measure and print."""
    tracer = make_provider("bench", BatchSpanProcessor(Nowhere())).get_tracer("bench")
    cases = {"no endpoint": UNTRACED, "1 % of the ticks": Tracing(tracer, 0.01), "every tick": Tracing(tracer, 1.0)}
    for name, tracing in cases.items():
        print(f"{name:18} {min(_round(tracing) for _ in range(5)):6.1f} µs a record")


def _round(tracing: Tracing) -> float:
    observed = Observed("track", "detections", tracing)
    records, messages = [], []
    for tick in range(RECORDS):
        records.append(_record(tick))
        trace = tracing.tick("task", tick, "send frames", time.time_ns(), {}, None)
        times = ledger.encode({"ingest": time.time_ns() // 1000, "detector": time.time_ns() // 1000})
        messages.append(Message([(ledger.HEADER, times), (HEADER, trace)], tick))
    began = time.thread_time()
    for start in range(0, RECORDS, BATCH):
        for index in range(start, start + BATCH):
            observed.accepted(observed.received(messages[index]), records[index])  # type: ignore[arg-type]
        with observed.feeding():
            pass
        for index in range(start, start + BATCH):
            observed.headers(records[index])
            observed.sent("tracks")
    return (time.thread_time() - began) / RECORDS * 1e6


def _record(tick: int) -> Detections:
    return Detections(
        task_id="task",
        environment_id="environment",
        camera_id="c0",
        kind=Kind.FRAME,
        sub_video_batch_index=0,
        global_frame_index=tick,
        camera_frame_index=tick,
        event_time_us=tick,
    )


if __name__ == "__main__":
    main()
