"""When each stage was done with a picture: wall-clock times that travel in Kafka headers, beside the records."""

import json
from collections.abc import Sequence

import msgspec

from spoton_common import metrics

HEADER = "spoton-ledger"

_MAX_BYTES = 2048  # a handful of stages
_EARLIEST_US, _LATEST_US = 10**15, 10**16  # 2001 and 2286: other figures would spoil every mean

Times = dict[str, int]
"""Stage → microseconds since 1970 (UTC) at which it sent the picture on."""


def encode(times: Times) -> bytes:
    """Write as JSON: people read headers with kcat."""
    return json.dumps(times, separators=(",", ":")).encode()


def decode(headers: Sequence[tuple[str, bytes | None]] | None) -> Times:
    """Read the times from a record's headers; none if they are absent or not ours."""
    for name, value in headers or []:
        if name == HEADER and value and len(value) <= _MAX_BYTES:
            try:
                times = msgspec.json.decode(value, type=Times)
            except msgspec.DecodeError:
                return {}
            return times if all(_EARLIEST_US <= time_us <= _LATEST_US for time_us in times.values()) else {}
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
