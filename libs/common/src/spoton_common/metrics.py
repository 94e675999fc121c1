"""Prometheus metrics of all services, declared once. Labels are bounded: never an id of a task, camera or person.

Every metric but the health's has the label ``stage``, so a process shows samples of its own stages only.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

M = TypeVar("M", bound=MetricWrapperBase)

STAGES = ("ingest", "detector", "track", "associate", "gallery", "mapper", "events", "gateway", "sink", "videos")
"""The loops that work on records; Re-ID's process has three of them."""

_RUN = ("detector", "track", "associate", "mapper", "events")  # those that the common runner runs
_TIMED = ("detector", "track", "associate", "mapper")  # … and that answer every picture
_READERS = ("ingest", *_RUN, "gallery", "gateway", "sink")

_SHORT_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
_LONG_S = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)
_ITEMS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A metric and the stages that emit it; ``first`` are label values that are there from the start, as zeros."""

    metric: Any
    name: str
    kind: str
    description: str
    labels: tuple[str, ...]
    stages: tuple[str, ...]
    first: tuple[str, ...]


DECLARED: list[Declaration] = []


def announce(stage: str) -> None:
    """Show a stage's series before anything happens: a counter that first appears at 1 has no rate."""
    for declaration in DECLARED:
        if stage in declaration.stages and declaration.labels[: -len(declaration.first) or None] == ("stage",):
            declaration.metric.labels(stage, *declaration.first)


def _declare(
    metric: M, description: str, labels: tuple[str, ...], stages: tuple[str, ...], first: tuple[str, ...] = ()
) -> M:
    family = next(iter(metric.describe()))
    DECLARED.append(Declaration(metric, family.name, family.type, description, labels, stages, first))
    return metric


def _counter(
    name: str, description: str, stages: tuple[str, ...], *labels: str, first: tuple[str, ...] = ()
) -> Counter:
    return _declare(Counter(name, description, ["stage", *labels]), description, ("stage", *labels), stages, first)


def _gauge(name: str, description: str, stages: tuple[str, ...], *labels: str) -> Gauge:
    return _declare(Gauge(name, description, ["stage", *labels]), description, ("stage", *labels), stages)


def _histogram(
    name: str, description: str, stages: tuple[str, ...], buckets: tuple[float, ...], *labels: str
) -> Histogram:
    histogram = Histogram(name, description, ["stage", *labels], buckets=buckets)
    return _declare(histogram, description, ("stage", *labels), stages)


RECORDS_IN = _counter("spoton_records_in", "Records read", _READERS, "topic")
RECORDS_OUT = _counter("spoton_records_out", "Records written", ("ingest", *_RUN), "topic")
DROPPED = _counter(
    "spoton_dropped",
    "Records or frames left out, by reason",
    ("ingest", *_RUN, "gateway", "sink"),
    "reason",
    first=("duplicate",),
)
DEAD_LETTERS = _counter(
    "spoton_dead_letters",
    "Records sent to the dead letters, by reason",
    ("ingest", *_RUN, "gallery", "sink"),
    "reason",
    first=("unreadable",),
)
CONSUMER_LAG = _gauge(
    "spoton_consumer_lag_records",
    "Records of the held partitions that are not read yet, as of the last fetch",
    ("ingest", *_RUN, "gallery", "sink"),
    "topic",
)
PARTITIONS = _gauge("spoton_partitions", "Input partitions held by this instance", ("ingest", *_RUN))
QUEUE_DEPTH = _gauge(
    "spoton_queue_depth",
    "What waits inside: pictures (pictures), segments (segments), records on their way to the broker (producer)",
    ("ingest", *_RUN),
    "queue",
)
BATCH_SIZE = _histogram("spoton_batch_size", "Records worked on at once", (*_RUN, "sink"), _ITEMS)
FEED_SECONDS = _histogram(
    "spoton_feed_seconds", "Time that a stage spends on one batch of records", ("ingest", *_RUN), _SHORT_S
)
MODEL_SECONDS = _histogram("spoton_model_seconds", "Time of one call of a model", ("detector", "track"), _SHORT_S)
MODEL_BATCH_SIZE = _histogram(
    "spoton_model_batch_size", "Pictures or crops in one call of a model", ("detector", "track"), _ITEMS
)
EMBEDDINGS = _counter("spoton_embeddings", "Crops of people embedded", ("track",))
CHECKPOINT_SECONDS = _histogram(
    "spoton_checkpoint_seconds", "Time to make a stage's progress safe", ("ingest", *_RUN, "sink"), _SHORT_S[1:]
)
WRITE_SECONDS = _histogram("spoton_write_seconds", "Time of one transaction of the database", ("sink",), _SHORT_S)
HOP_SECONDS = _histogram(
    "spoton_hop_seconds",
    "From the end of the stage before to the end of this one: waiting, transport and work",
    (*_TIMED, "sink", "gateway"),
    _SHORT_S,
)
LATENCY_SECONDS = _histogram(
    "spoton_latency_seconds",
    "From the decoding of a picture to the end of this stage",
    (*_TIMED, "sink", "gateway"),
    _LONG_S,
)
FETCH_SECONDS = _histogram(
    "spoton_fetch_seconds",
    "Time until a sub-video can be read, by where it lies (s3, file)",
    ("ingest",),
    _LONG_S,
    "source",
)
FETCH_BYTES = _counter(
    "spoton_fetch_bytes", "Size of sub-videos made readable, by where they lie (s3, file)", ("ingest",), "source"
)
WEBSOCKET_CLIENTS = _gauge("spoton_websocket_clients", "Open connections that follow a task", ("gateway",))
WEBSOCKET_READERS = _gauge(
    "spoton_websocket_readers", "Readers of topics that run for connections which follow tasks", ("gateway",)
)
WEBSOCKET_MESSAGES = _counter("spoton_websocket_messages", "Messages sent to clients", ("gateway",))
WEBSOCKET_CLOSED = _counter(
    "spoton_websocket_closed",
    "Connections ended, by reason (slow: the client did not read fast enough)",
    ("gateway",),
    "reason",
    first=("slow",),
)
REFUSED_REQUESTS = _counter(
    "spoton_refused_requests",
    "Requests refused before any route saw them, by reason",
    ("gateway",),
    "reason",
    first=("host",),
)

UPLOADS = _counter(
    "spoton_uploads",
    "Uploaded files, by what became of them: accepted, or the reason of the refusal",
    ("gateway",),
    "outcome",
    first=("accepted",),
)

VIDEOS = _counter(
    "spoton_videos",
    "Annotated videos, by what became of them (given_back: another process goes on)",
    ("videos",),
    "outcome",
    first=("finished",),
)
VIDEO_FRAMES = _counter("spoton_video_frames", "Pictures of annotated videos drawn", ("videos",))

_HEALTH_HELP = "State of a part of the process: 0 healthy, 1 degraded, 2 unhealthy"
HEALTH = Gauge("spoton_health", _HEALTH_HELP, ["component"])
DECLARED.append(Declaration(HEALTH, "spoton_health", "gauge", _HEALTH_HELP, ("component",), STAGES, ()))
