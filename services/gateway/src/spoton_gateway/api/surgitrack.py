"""SurgiTrack's names for uploads and jobs: small MP4 files, in separate steps."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from spoton_gateway.api.deps import Jobs, Uploads, User
from spoton_gateway.api.job_models import BriefEvents, BriefStatus, FileKey, JobId
from spoton_gateway.api.problems import documented
from spoton_gateway.api.uploads import FORM, PATH, REFUSALS

router = APIRouter(tags=["SurgiTrack's names"])

KeyQuery = Annotated[str, Query(max_length=200, pattern=r"^[A-Za-z0-9_.-]+$")]


@router.post(PATH, status_code=201, responses=REFUSALS, openapi_extra=FORM)
async def upload_small_mp4(request: Request, uploads: Uploads, user: User) -> FileKey:
    """Send a small MP4 (10 MiB unless set otherwise); ``/process`` lets it be processed."""
    return FileKey(file_key=(await uploads.take(request, user, None, small=True)).file_key)


@router.post("/process", status_code=202, responses=documented(404))
async def process_upload(file_key: KeyQuery, jobs: Jobs) -> JobId:
    """Let an uploaded file be processed; asked again, it is the same job."""
    return JobId(job_id=(await jobs.queue(file_key)).job_id)


@router.get("/status", responses=documented(404))
async def get_brief_status(job_id: KeyQuery, jobs: Jobs) -> BriefStatus:
    """Tell how far a job is, in short."""
    job = await jobs.job(job_id)
    return BriefStatus(job_id=job_id, status=job.status, progress=job.progress, message=job.message)


@router.get("/events", responses=documented(404))
async def get_brief_events(job_id: KeyQuery, jobs: Jobs) -> BriefEvents:
    """Tell what happened in a job's video; complete once the job is."""
    return await jobs.events(job_id)
