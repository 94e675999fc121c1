"""``/health`` and ``/metrics``."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from spoton_common.health import State

from spoton_gateway.api.deps import HealthReports

router = APIRouter(tags=["health"])


@router.get("/health")
async def get_health(service: HealthReports) -> Response:
    """Tell which part is ready; 503 while the gateway cannot serve."""
    report = await service.report()
    return JSONResponse(report, 503 if report["status"] == State.UNHEALTHY else 200)


@router.get("/metrics", include_in_schema=False)
async def get_metrics() -> Response:
    """Serve Prometheus metrics."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
