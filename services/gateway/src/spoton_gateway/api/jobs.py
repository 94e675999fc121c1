"""``/jobs``."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from spoton_gateway.api.deps import Jobs
from spoton_gateway.api.job_models import Job, JobPage, JobStatus
from spoton_gateway.api.models import MAX_ID
from spoton_gateway.api.problems import documented

router = APIRouter(prefix="/jobs", tags=["jobs"])

JobIdPath = Annotated[str, Path(max_length=200, pattern=r"^[A-Za-z0-9_.-]+$")]
Skip = Annotated[int, Query(ge=0, le=MAX_ID, description="Jobs to leave out, behind the cursor if there is one")]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("")
async def list_jobs(
    jobs: Jobs, status: JobStatus | None = None, cursor: str | None = None, skip: Skip = 0, limit: Limit = 20
) -> JobPage:
    """List jobs, newest first, all or those of one status."""
    return await jobs.page(status, cursor, skip, limit)


@router.get("/{job_id}", responses=documented(404))
async def get_job(job_id: JobIdPath, jobs: Jobs) -> Job:
    """Tell how far a job is."""
    return await jobs.job(job_id)


@router.delete("/{job_id}", status_code=204, response_class=Response, responses=documented(404))
async def delete_job(job_id: JobIdPath, jobs: Jobs) -> None:
    """Stop a job, in whatever state it is, and remove its video and all that was found in it."""
    await jobs.remove(job_id)
