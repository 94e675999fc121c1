"""Which segments can be worked on."""

import math
from collections.abc import Mapping

from spoton_common.errors import RejectedRecord
from spoton_schemas.records import Scene, Segment

_LONGEST_TASK_S = 10 * 365 * 86400
_FASTEST_FPS = 1000


def check_segment(segment: Segment) -> None:
    """Raise ``RejectedRecord`` for a segment that makes no sense, whatever the environment."""
    if not segment.task_id or "/" in segment.task_id or not segment.camera_id:
        raise RejectedRecord("invalid_segment", "a segment needs a task_id without '/' and a camera_id")
    if segment.sub_video_batch_index < 0:
        raise RejectedRecord("invalid_segment", "sub_video_batch_index must not be negative")
    start_s = segment.start_time_s
    if start_s is not None and not (math.isfinite(start_s) and 0 <= start_s <= _LONGEST_TASK_S):
        raise RejectedRecord("invalid_segment", f"start_time_s {start_s} is not a time within a task")


def find_scene(segment: Segment, scenes: Mapping[str, Scene]) -> Scene:
    """Return the scene of a camera's first segment; ``RejectedRecord`` if nobody could wait for the camera."""
    scene = scenes.get(segment.environment_id)
    if scene is None:
        raise RejectedRecord("unknown_environment", f"environment '{segment.environment_id}' is not registered")
    if not 0 < scene.processing_fps <= _FASTEST_FPS:
        raise RejectedRecord("invalid_environment", f"environment '{segment.environment_id}' has no processing rate")
    if all(camera.camera_id != segment.camera_id for camera in scene.cameras):
        raise RejectedRecord(
            "unknown_camera", f"environment '{segment.environment_id}' has no camera '{segment.camera_id}'"
        )
    if segment.camera_ids and segment.camera_id not in segment.camera_ids:
        raise RejectedRecord("unknown_camera", f"camera '{segment.camera_id}' does not take part in the task")
    return scene
