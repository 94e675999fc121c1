"""``/upload``."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from spoton_gateway.api.deps import Jobs, Uploads, User
from spoton_gateway.api.job_models import AcceptedUpload, Video
from spoton_gateway.api.problems import documented
from spoton_gateway.jobs.rows import Upload

router = APIRouter(tags=["jobs"])

PATH = "/upload"

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {"file": {"type": "string", "format": "binary"}},
                },
                "encoding": {"file": {"contentType": "video/mp4, video/quicktime, video/x-msvideo"}},
            }
        },
    }
}
"""Read piece by piece, so it is not among the parameters that FastAPI knows."""

REFUSALS = documented(400, 408, 413, 415, 502, 507)

Class = Annotated[str, Query(min_length=1, max_length=200)]
Classes = Annotated[list[Class] | None, Query(description="What to look for, by COCO names", max_length=80)]


@router.post(PATH, status_code=201, responses=REFUSALS, openapi_extra=FORM)
async def upload_video(
    request: Request, uploads: Uploads, jobs: Jobs, user: User, classes: Classes = None
) -> AcceptedUpload:
    """Send a video (MP4, MOV, AVI) and have it processed; it waits for its turn among those of all users."""
    upload = await uploads.take(request, user, tuple(classes) if classes else None, small=False)
    job = await jobs.queue(upload.file_key)
    return AcceptedUpload(
        job_id=job.job_id,
        file_key=job.file_key,
        status=job.status,
        status_url=job.status_url,
        websocket_url=job.websocket_url,
        video=video_of(upload),
    )


def video_of(upload: Upload) -> Video:
    """Describe an accepted file."""
    clip = upload.clip
    return Video(
        file_name=upload.file_name,
        size_bytes=upload.size_bytes,
        container=clip.container,
        codec=clip.codec,
        width=clip.width,
        height=clip.height,
        frames=clip.frames,
        duration_s=clip.duration_s,
        fps=clip.fps,
    )
