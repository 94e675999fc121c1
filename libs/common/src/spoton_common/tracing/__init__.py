"""W3C trace context in Kafka headers; spans where an exporter is configured."""

from spoton_common.tracing.provider import configure_tracing, make_provider
from spoton_common.tracing.traceparent import (
    HEADER,
    Traceparent,
    parse_traceparent,
    read_traceparent,
    trace_id_text,
)
from spoton_common.tracing.tracing import UNTRACED, Tracing

__all__ = [
    "HEADER",
    "UNTRACED",
    "Traceparent",
    "Tracing",
    "configure_tracing",
    "make_provider",
    "parse_traceparent",
    "read_traceparent",
    "trace_id_text",
]
