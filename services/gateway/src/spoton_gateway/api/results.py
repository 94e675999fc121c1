"""``/results/{id}/video``: a task's videos with what was found in them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from spoton_gateway.api.deps import Videos
from spoton_gateway.api.job_models import AnnotatedVideo
from spoton_gateway.api.problems import documented
from spoton_gateway.media.delivery import FILE_RESPONSES, RANGE_PARAMETER, deliver
from spoton_gateway.videos.service import Found

router = APIRouter(prefix="/results", tags=["results"])

_LOOK_AGAIN_S = "1"

_BEING_MADE: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "It is being made: how far it is. Ask again at `Location` after `Retry-After` seconds",
        "model": AnnotatedVideo,
        "headers": {
            "Location": {"description": "Where the video will be", "schema": {"type": "string"}},
            "Retry-After": {"description": "Seconds", "schema": {"type": "integer"}},
        },
    }
}
_RESPONSES = {**FILE_RESPONSES, **_BEING_MADE, **documented(409)}

_PATH = "/{task_id}/video"

TaskId = Annotated[str, Path(max_length=200)]
CameraId = Annotated[
    str | None, Query(max_length=200, description="The camera to show; without it, the only one, else all as a grid")
]
LayoutQuery = Annotated[Literal["grid"] | None, Query(description="All cameras side by side, in step, and the floor")]
BlurQuery = Annotated[
    Literal["none", "faces", "people"],
    Query(
        description="Make faces (the upper part of each person's box: there is no face detector) or whole people "
        "unrecognisable. Only people whom the detector found"
    ),
]


@router.head(_PATH, response_class=Response, responses=_RESPONSES, openapi_extra=RANGE_PARAMETER)
@router.get(_PATH, response_class=Response, responses=_RESPONSES, openapi_extra=RANGE_PARAMETER)
async def get_video(
    task_id: TaskId,
    videos: Videos,
    request: Request,
    camera_id: CameraId = None,
    layout: LayoutQuery = None,
    blur: BlurQuery = "none",
) -> Response:
    """Serve a video with boxes, identities, events and the floor, whole or in part (one Range).

    H.264 in an MP4 that browsers play and seek. What does not exist yet is made by the first request for it.
    """
    found = await videos.look(task_id, camera_id, blur, as_grid=layout is not None)
    if found.uri is None:
        return _being_made(found)
    answer = await deliver(videos.storage, found.uri, found.filename, request)
    answer.headers["Cache-Control"] = "private, no-cache"  # it may be made anew, with corrected identities
    return answer


@router.post(
    _PATH,
    status_code=202,
    response_model=AnnotatedVideo,
    responses={200: {"model": AnnotatedVideo}, **documented(404, 409)},
)
async def make_video(
    task_id: TaskId,
    videos: Videos,
    camera_id: CameraId = None,
    layout: LayoutQuery = None,
    blur: BlurQuery = "none",
) -> Response:
    """Have a video made, also one that failed before, and tell how far it is; 200: it is there."""
    return _being_made(await videos.look(task_id, camera_id, blur, as_grid=layout is not None, again=True))


def _being_made(found: Found) -> Response:
    headers = {"Location": found.state.url, "Cache-Control": "no-store"}
    if found.uri is None:
        headers["Retry-After"] = _LOOK_AGAIN_S
    status = 202 if found.uri is None else 200
    return Response(found.state.model_dump_json(), status, headers=headers, media_type="application/json")
