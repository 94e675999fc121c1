"""The process's tracer, with OTLP over HTTP as the way out."""

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased

from spoton_common.settings import TracingSettings
from spoton_common.tracing.tracing import UNTRACED, DerivedIds, Tracing

_SCOPE = "spoton"
_EXPORT_TIMEOUT_S = 3.0  # retries included; also bounds how long a process that stops waits for an absent collector


def configure_tracing(service: str, settings: TracingSettings) -> Tracing:
    """Make this process's tracing: spans go to the OTLP endpoint, in batches from a thread; nowhere if none is set."""
    if not settings.exporter_otlp_endpoint:
        return UNTRACED
    # Costs a tenth of a second and eight megabytes that a process without an endpoint does not need.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    endpoint = f"{settings.exporter_otlp_endpoint.rstrip('/')}/v1/traces"
    provider = make_provider(service, BatchSpanProcessor(OTLPSpanExporter(endpoint, timeout=_EXPORT_TIMEOUT_S)))
    return Tracing(provider.get_tracer(_SCOPE), settings.traces_sampler_arg)


def make_provider(service: str, processor: SpanProcessor) -> TracerProvider:
    """Make a provider that records what ``Tracing`` has sampled; it sends the rest when the process ends."""
    provider = TracerProvider(
        # The sampling decision travels in the header: ``Tracing`` has taken it before a root is begun.
        sampler=ParentBased(ALWAYS_ON),
        resource=Resource.create({"service.name": service, "service.namespace": "spoton"}),
        id_generator=DerivedIds(),
    )
    provider.add_span_processor(processor)
    return provider
