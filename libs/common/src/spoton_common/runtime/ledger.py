"""When each stage was done with a picture: wall-clock times that travel in Kafka headers, beside the records."""

import json
from collections.abc import Sequence

from spoton_common import metrics

HEADER = "spoton-ledger"

Times = dict[str, int]
"""Stage → microseconds since 1970 (UTC) at which it sent the picture on."""


def encode(times: Times) -> bytes:
    """Write as JSON: people read headers with kcat."""
    return json.dumps(times, separators=(",", ":")).encode()


def decode(headers: list[tuple[str, bytes | None]] | None) -> Times:
    """Read the times from a record's headers; none if they are absent or not ours."""
    for name, value in headers or []:
        if name == HEADER and value:
            try:
                times = json.loads(value)
            except ValueError:
                return {}
            return {str(k): int(v) for k, v in times.items()} if isinstance(times, dict) else {}
    return {}


def latest(ledgers: Sequence[Times]) -> Times:
    """Put the times of the pictures that one result stands for together: of each stage the latest."""
    merged: Times = {}
    for times in ledgers:
        for stage, time_us in times.items():
            merged[stage] = max(time_us, merged.get(stage, 0))
    return merged


def observe(stage: str, times: Times, now_us: int) -> None:
    """Count how long a picture took up to the end of a stage, in whole and from the stage before."""
    if times:
        metrics.LATENCY_SECONDS.labels(stage).observe((now_us - min(times.values())) / 1e6)
        metrics.HOP_SECONDS.labels(stage).observe((now_us - max(times.values())) / 1e6)
