"""What the line is told of a job: a place with one camera, and its only segment."""

import math
from datetime import datetime
from typing import Any

from spoton_schemas.records import Environment, Scene, SceneCamera
from spoton_schemas.topics import ENVIRONMENTS, Topic

from spoton_gateway.jobs.rows import Upload
from spoton_gateway.task_service import announcement

PREFIX = "upload-"
"""Of the ids of environments that belong to one job each."""

CAMERA = "camera"


def environment_of(job_id: str) -> str:
    """Return the id of a job's environment."""
    return f"{PREFIX}{job_id}"


def processing_rate(fps: float, most: float) -> float:
    """Return a video's own rate, or the largest even part of it up to ``most``, so that frames keep even distances."""
    return fps / max(1, math.ceil(fps / most - 1e-6))


def environment(upload: Upload, most_fps: float) -> list[tuple[Topic[Any], Any]]:
    """Return the record that makes a place of an upload; nothing is known of its floor."""
    scene = Scene(
        environment_of(upload.job_id),
        upload.file_name,
        processing_rate(upload.clip.fps, most_fps),
        (SceneCamera(CAMERA, (upload.uri,)),),
        upload.classes,
    )
    return [(ENVIRONMENTS, Environment(scene))]


def start(upload: Upload, queued_at: datetime) -> list[tuple[Topic[Any], Any]]:
    """Return what starts a job; the same whenever it is asked for, so that it may be said twice."""
    camera = SceneCamera(CAMERA, (upload.uri,))
    origin_us = round(queued_at.timestamp() * 1e6)
    return announcement(upload.job_id, environment_of(upload.job_id), [camera], origin_us)
