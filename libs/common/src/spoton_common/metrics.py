"""Prometheus metrics of all services, declared once. Labels are bounded: never an id of a task, camera or person."""

from prometheus_client import Counter, Gauge, Histogram

RECORDS_IN = Counter("spoton_records_in", "Records read", ["stage", "topic"])
RECORDS_OUT = Counter("spoton_records_out", "Records written", ["stage", "topic"])
DROPPED = Counter("spoton_dropped", "Records or frames left out, by reason", ["stage", "reason"])
DEAD_LETTERS = Counter("spoton_dead_letters", "Records sent to the dead letters, by reason", ["stage", "reason"])
FEED_SECONDS = Histogram(
    "spoton_feed_seconds",
    "Time that a stage spends on one batch of records",
    ["stage"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
MODEL_SECONDS = Histogram(
    "spoton_model_seconds",
    "Time of one call of a model",
    ["stage"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
CHECKPOINT_SECONDS = Histogram(
    "spoton_checkpoint_seconds",
    "Time to make a stage's progress safe",
    ["stage"],
    buckets=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
LATENCY_SECONDS = Histogram(
    "spoton_latency_seconds",
    "From the decoding of a picture to the end of this stage",
    ["stage"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
)
PARTITIONS = Gauge("spoton_partitions", "Input partitions held by this instance", ["stage"])
CLIENTS = Gauge("spoton_websocket_clients", "WebSocket clients connected to this gateway")
READERS = Gauge("spoton_websocket_readers", "Readers of topics that this gateway runs for WebSocket clients")
CLOSED = Counter("spoton_websocket_closed", "WebSocket connections that ended, by close code and reason", ["reason"])
REFUSED_REQUESTS = Counter("spoton_refused_requests", "Requests refused before any route saw them", ["reason"])
