"""The spans of one process. Without a tracer, or for a trace that is not sampled, context only passes through."""

import threading
from collections.abc import Mapping, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, SpanKind, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from spoton_common.tracing import traceparent
from spoton_common.tracing.traceparent import HEADER, Traceparent

Attributes = Mapping[str, str | int]

_propagator = TraceContextTextMapPropagator()
_forced = threading.local()


class DerivedIds(RandomIdGenerator):
    """Random ids, but for roots whose trace id ``Tracing`` derives."""

    def generate_trace_id(self) -> int:
        """Return the trace id of the root that is begun."""
        forced: int | None = getattr(_forced, "trace_id", None)
        return super().generate_trace_id() if forced is None else forced


class Tracing:
    """Begins traces and continues them. Spans are made when their work is done, from when it began.

    ``ratio`` is the share of ticks that is sampled; the traces of tasks all are, they have few spans.
    """

    def __init__(self, tracer: Tracer | None, ratio: float) -> None:
        self._tracer = tracer
        self._bound = round(ratio * (1 << 64))

    def task(
        self, task_id: str, name: str, began_ns: int, attributes: Attributes, parent: Traceparent | None = None
    ) -> Traceparent:
        """Record a task's announcement, within the caller's trace if there is one."""
        if parent is not None:
            return self.hop([parent], name, began_ns, attributes)
        trace_id = traceparent.task_trace_id(task_id)
        if self._tracer is None:
            return traceparent.unsampled(trace_id)
        return self._root(self._tracer, trace_id, name, began_ns, attributes, ())

    def tick(
        self, task_id: str, tick: int, name: str, began_ns: int, attributes: Attributes, task: Traceparent | None
    ) -> Traceparent:
        """Begin the trace of a tick at one of its cameras, linked to the trace of its task."""
        trace_id = traceparent.tick_trace_id(task_id, tick)
        # As TraceIdRatioBased decides, so all cameras of a tick are sampled or none.
        if self._tracer is None or trace_id & ((1 << 64) - 1) >= self._bound:
            return traceparent.unsampled(trace_id)
        return self._root(self._tracer, trace_id, name, began_ns, attributes, [task] if task else ())

    def hop(self, parents: Sequence[Traceparent], name: str, began_ns: int, attributes: Attributes) -> Traceparent:
        """Record that a stage worked on a record; the first parent's trace goes on, the others are linked."""
        first = parents[0]
        if self._tracer is None or not traceparent.is_sampled(first):
            return first
        span = self._tracer.start_span(
            name,
            context=_context(first),
            kind=SpanKind.CONSUMER,
            attributes=attributes,
            links=_links(parents[1:]),
            start_time=began_ns,
        )
        span.end()
        return _header(span)

    def _root(
        self,
        tracer: Tracer,
        trace_id: int,
        name: str,
        began_ns: int,
        attributes: Attributes,
        linked: Sequence[Traceparent],
    ) -> Traceparent:
        _forced.trace_id = trace_id
        try:
            span = tracer.start_span(
                name,
                context=Context(),
                kind=SpanKind.PRODUCER,
                attributes=attributes,
                links=_links(linked),
                start_time=began_ns,
            )
        finally:
            _forced.trace_id = None
        span.end()
        return _header(span)


UNTRACED = Tracing(None, 0.0)
"""Hands context on and records nothing."""


def _context(header: Traceparent) -> Context:
    return _propagator.extract({HEADER: header.decode("ascii")}, Context())


def _links(headers: Sequence[Traceparent]) -> list[Link]:
    return [Link(get_current_span(_context(header)).get_span_context()) for header in headers]


def _header(span: object) -> Traceparent:
    context = span.get_span_context()  # type: ignore[attr-defined]
    return b"00-%032x-%016x-%02x" % (context.trace_id, context.span_id, context.trace_flags)
