"""``/processing-tasks``."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from spoton_common.tracing import HEADER, parse_traceparent

from spoton_gateway.api.as_of import KnownAsOf
from spoton_gateway.api.deps import Connection, Tasks
from spoton_gateway.api.models import AcceptedCommand, ControlTask, StartedTask, StartTask, TaskPage, TaskStatusView
from spoton_gateway.api.problems import documented
from spoton_gateway.errors import Unprocessable
from spoton_gateway.exports.archive import write_archive
from spoton_gateway.queries import tasks
from spoton_gateway.queries.as_of import identity_view, live_view

router = APIRouter(tags=["processing tasks"])

Limit = Annotated[int, Query(ge=1, le=200)]

_CHUNK_BYTES = 1 << 18


class ZipResponse(StreamingResponse):
    """A zip."""

    media_type = "application/zip"


@router.post("/start", responses=documented(404, 408, 413))
async def start_task(request: StartTask, http: Request, service: Tasks) -> StartedTask:
    """Start to process an environment's videos."""
    return await service.start(request, parse_traceparent(http.headers.get(HEADER, "").encode()))


@router.get("")
async def list_tasks(connection: Connection, cursor: str | None = None, limit: Limit = 50) -> TaskPage:
    """List tasks, newest first."""
    return await tasks.page(connection, cursor, limit)


@router.get("/{task_id}/status", responses=documented(404))
async def task_status(task_id: str, connection: Connection) -> TaskStatusView:
    """Tell how far a task is."""
    return await tasks.status(connection, task_id)


@router.post("/{task_id}/control", status_code=202, responses=documented(404, 408, 409, 413))
async def control_task(task_id: str, request: ControlTask, service: Tasks) -> AcceptedCommand:
    """Pause, resume or stop a task, or follow a person in it."""
    return await service.control(task_id, request)


@router.get("/{task_id}/export", response_class=ZipResponse, responses=documented(404))
async def export_task(
    task_id: str,
    connection: Connection,
    as_of: KnownAsOf,
    format: Literal["mot", "csv", "json"] = "mot",  # noqa: A002 (the parameter's public name)
    identities: Literal["revised", "live"] = "revised",
) -> ZipResponse:
    """Download everything that is known of a task, or was known then, as a zip."""
    if identities == "live" and not as_of.is_now:
        raise Unprocessable("live identities are those as published, whenever it is asked: leave as_of out")
    view = live_view() if identities == "live" else await identity_view(connection, task_id, as_of)
    archive = await write_archive(connection, task_id, format, view)
    headers = {"Content-Disposition": f'attachment; filename="{archive.filename}"'}
    return ZipResponse(archive.chunks(_CHUNK_BYTES), headers=headers)
