"""``/health`` and ``/metrics``."""

import math

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from spoton_common.health import State

from spoton_gateway.api.deps import HealthReports
from spoton_gateway.api.models import HealthReport, Metric, MetricSample, MetricsView

router = APIRouter(tags=["health"])
v1_router = APIRouter(tags=["health"])

_UNHEALTHY = {503: {"model": HealthReport, "description": "Kafka or the database is away"}}


@router.get("/health", response_model=HealthReport, responses=_UNHEALTHY)  # type: ignore[arg-type]
async def get_health(service: HealthReports) -> Response:
    """Tell which part is ready; 503 while the gateway cannot serve."""
    report = await service.report()
    return JSONResponse(report, 503 if report["status"] == State.UNHEALTHY else 200)


@router.get("/metrics", include_in_schema=False)
async def get_prometheus_metrics() -> Response:
    """Serve Prometheus metrics."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@v1_router.get("/metrics")
async def get_metrics() -> MetricsView:
    """Tell what this process has counted: for Prometheus, and of all services, there is ``/metrics``."""
    families = [family for family in REGISTRY.collect() if family.name.startswith(("spoton_", "process_"))]
    return MetricsView(
        metrics=[
            Metric(
                name=family.name,
                type=family.type,
                description=family.documentation,
                samples=[
                    MetricSample(name=s.name, labels=s.labels, value=s.value if math.isfinite(s.value) else None)
                    for s in family.samples
                ],
            )
            for family in families
        ]
    )
