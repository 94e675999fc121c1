"""``/media``: the videos of tasks."""

from fastapi import APIRouter, Request, Response

from spoton_gateway.api.deps import Files
from spoton_gateway.database import Database
from spoton_gateway.media.delivery import deliver
from spoton_gateway.queries.media import media_uri

router = APIRouter(prefix="/media", tags=["media"])


@router.api_route(
    "/tasks/{task_id}/environments/{environment_id}/cameras/{camera_id}/sub_videos/{sub_video_filename}",
    methods=["GET", "HEAD"],
    response_class=Response,
)
async def get_sub_video(
    task_id: str,
    environment_id: str,
    camera_id: str,
    sub_video_filename: str,
    files: Files,
    request: Request,
    batch: int | None = None,
) -> Response:
    """Serve a sub-video, whole or in part (one Range); ``batch`` where a camera has several files of that name."""
    database: Database = request.app.state.database
    # The connection goes back before the video goes out: a slow player must not hold it.
    async with database.connection() as connection:
        uri = await media_uri(connection, task_id, environment_id, camera_id, sub_video_filename, batch)
    return await deliver(files, uri, sub_video_filename, request)
