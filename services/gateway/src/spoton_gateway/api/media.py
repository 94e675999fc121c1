"""``/media``: the videos of tasks."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from spoton_gateway.api.deps import Files
from spoton_gateway.api.models import MAX_ID
from spoton_gateway.database import Database
from spoton_gateway.errors import NotFound
from spoton_gateway.media.delivery import FILE_RESPONSES, RANGE_PARAMETER, deliver
from spoton_gateway.queries.media import may_get_media, media_uri

_SINK_LAG_S = 3.0  # who was told of a video over the WebSocket may ask before the sink has written it down
_LOOK_AGAIN_S = 0.1

_SUB_VIDEO = "/tasks/{task_id}/environments/{environment_id}/cameras/{camera_id}/sub_videos/{sub_video_filename}"

router = APIRouter(prefix="/media", tags=["media"])


Batch = Annotated[int | None, Query(ge=0, le=MAX_ID)]


@router.head(_SUB_VIDEO, response_class=Response, responses=FILE_RESPONSES, openapi_extra=RANGE_PARAMETER)
@router.get(_SUB_VIDEO, response_class=Response, responses=FILE_RESPONSES, openapi_extra=RANGE_PARAMETER)
async def get_sub_video(
    task_id: str,
    environment_id: str,
    camera_id: str,
    sub_video_filename: str,
    files: Files,
    request: Request,
    batch: Batch = None,
) -> Response:
    """Serve a sub-video, whole or in part (one Range); ``batch`` where a camera has several files of that name."""
    database: Database = request.app.state.database
    deadline = time.monotonic() + _SINK_LAG_S
    while True:
        # The connection goes back before the video goes out: a slow player must not hold it.
        async with database.connection() as connection:
            uri = await media_uri(connection, task_id, environment_id, camera_id, sub_video_filename, batch)
            if uri is not None:
                break
            if time.monotonic() > deadline or not await may_get_media(connection, task_id):
                raise NotFound(f"task {task_id!r} has no video {sub_video_filename!r} of camera {camera_id!r}")
        await asyncio.sleep(_LOOK_AGAIN_S)
    return await deliver(files, uri, sub_video_filename, request)
