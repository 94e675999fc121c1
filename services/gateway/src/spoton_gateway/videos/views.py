"""Annotated videos as people see them."""

from urllib.parse import quote, urlencode

from spoton_gateway.api.job_models import AnnotatedVideo
from spoton_gateway.videos.rows import VideoRow, Wanted


def view(row: VideoRow, *, is_over: bool) -> AnnotatedVideo:
    """Tell how far a video is; ``is_over``: its task has ended."""
    return AnnotatedVideo(
        status="waiting" if row.status == "expired" else row.status,
        progress=row.progress,
        message=_sentence(row, is_over=is_over),
        camera_id=row.wanted.camera_id,
        blur=row.wanted.blur,
        url=url_of(row.wanted),
    )


def not_begun(wanted: Wanted) -> AnnotatedVideo:
    """Tell of the video of a job that waits for its own turn."""
    message = "The job waits for its turn; its video is made when it has ended."
    return AnnotatedVideo(
        status="waiting",
        progress=0.0,
        message=message,
        camera_id=wanted.camera_id,
        blur=wanted.blur,
        url=url_of(wanted),
    )


def url_of(wanted: Wanted) -> str:
    """Return where a video is to be had."""
    query = {"layout": "grid"} if wanted.camera_id is None else {"camera_id": wanted.camera_id}
    if wanted.blur != "none":
        query["blur"] = wanted.blur
    return f"/api/v1/results/{quote(wanted.task_id, safe='')}/video?{urlencode(query)}"


def _sentence(row: VideoRow, *, is_over: bool) -> str:
    if row.status == "failed":
        return f"The video could not be made: {row.message}."
    if row.status == "finished":
        return "The video is there."
    if not is_over:
        return "The task is still running; its video is made when it has ended."
    if row.status == "making":
        return f"The video is being made: {row.progress:g} %."
    return "The video waits for its turn."
