"""Which segments can be worked on."""

from collections.abc import Mapping

from spoton_common.errors import RejectedRecord
from spoton_schemas.records import Scene, Segment


def find_scene(segment: Segment, scenes: Mapping[str, Scene]) -> Scene:
    """Return the scene of a camera's first segment; ``RejectedRecord`` if nobody could wait for the camera."""
    scene = scenes.get(segment.environment_id)
    if scene is None:
        raise RejectedRecord("unknown_environment", f"environment '{segment.environment_id}' is not registered")
    if all(camera.camera_id != segment.camera_id for camera in scene.cameras):
        raise RejectedRecord(
            "unknown_camera", f"environment '{segment.environment_id}' has no camera '{segment.camera_id}'"
        )
    if segment.camera_ids and segment.camera_id not in segment.camera_ids:
        raise RejectedRecord("unknown_camera", f"camera '{segment.camera_id}' does not take part in the task")
    return scene
