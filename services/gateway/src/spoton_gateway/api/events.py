"""``/processing-tasks/{id}/events`` and ``/results/{id}/events``: a task's timeline."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from spoton_gateway.api.deps import Connection
from spoton_gateway.api.models import MAX_ID, EventPage
from spoton_gateway.api.problems import documented
from spoton_gateway.queries import events
from spoton_gateway.queries.events import Wanted
from spoton_gateway.timeline.formats import WRITERS, Format, chosen

router = APIRouter(tags=["events"])
results_router = APIRouter(tags=["events"])

_MAX_S = 1e9  # thirty years

Seconds = Annotated[float | None, Query(ge=-_MAX_S, le=_MAX_S, allow_inf_nan=False)]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": EventPage,
        "content": {WRITERS[name].media_type: {"schema": {"type": "string"}} for name in WRITERS if name != "json"},
        "headers": {"Link": {"description": "The next page, if there is one", "schema": {"type": "string"}}},
    },
    **documented(404),
}


def _wanted(
    types: Annotated[list[str] | None, Query(alias="type", description="Only of these types", max_length=50)] = None,
    global_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only of this person")] = None,
    place: Annotated[str | None, Query(description="Only in this zone or on this tripwire")] = None,
    from_s: Seconds = None,
    to_s: Seconds = None,
) -> Wanted:
    return Wanted(types, global_id, place, from_s, to_s)


async def _timeline(
    task_id: str,
    request: Request,
    connection: Connection,
    wanted: Annotated[Wanted, Depends(_wanted)],
    format: Annotated[  # noqa: A002 (the parameter's public name)
        Format | None, Query(description="Without it, the Accept header chooses")
    ] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=20_000)] = 1000,
) -> Response:
    """Tell what happened, in the order in which it began.

    As JSON, CSV, WebVTT (players show it as chapters or subtitles) or text: ``00:04 — Cup picked up``.
    """
    page = await events.page(connection, task_id, wanted, cursor, limit)
    writer = WRITERS[format or chosen(accept)]
    headers = {}
    if page.next_cursor is not None:
        others = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        query = urlencode([*others, ("cursor", page.next_cursor)])
        headers["Link"] = f'<?{query}>; rel="next"'
    return Response(writer.write(page), headers=headers, media_type=writer.media_type)


router.get("/{task_id}/events", responses=_ANSWERS)(_timeline)
results_router.get("/results/{task_id}/events", responses=_ANSWERS)(_timeline)
