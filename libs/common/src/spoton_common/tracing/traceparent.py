"""The header ``traceparent`` (W3C Trace Context, level 1), as bytes: most records only hand it on."""

import hashlib
import re
import secrets
from collections.abc import Sequence

HEADER = "traceparent"

Traceparent = bytes
"""``00-<trace id, 32 hex digits>-<span id, 16>-<flags, 2>``; the last bit of the flags says that it is sampled."""

_FORM = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def read_traceparent(headers: Sequence[tuple[str, bytes | None]] | None) -> Traceparent | None:
    """Return a record's trace context; None if there is none, or none that can be read."""
    for name, value in headers or ():
        if name == HEADER:
            return parse_traceparent(value)
    return None


def parse_traceparent(value: bytes | None) -> Traceparent | None:
    """Return a header's value if it is a trace context."""
    return value if value is not None and _FORM.fullmatch(value) else None


def is_sampled(traceparent: Traceparent) -> bool:
    """Tell whether the spans of this trace are recorded."""
    return traceparent[-1] in b"13579bdf"


def trace_id_text(traceparent: Traceparent) -> str:
    """Return the trace id as logs and trace viewers write it."""
    return traceparent[3:35].decode("ascii")


def task_trace_id(task_id: str) -> int:
    """Trace id of a task: whoever knows the task finds its trace, and nobody has to agree on it."""
    return _digest(task_id)


def tick_trace_id(task_id: str, tick: int) -> int:
    """Trace id of a tick of a task: that of all its cameras, whichever instances read them."""
    return _digest(f"{task_id}/{tick}")


def unsampled(trace_id: int) -> Traceparent:
    """Begin a trace that nobody records."""
    return b"00-%032x-%016x-00" % (trace_id, secrets.randbits(64) or 1)


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=16).digest()) or 1
