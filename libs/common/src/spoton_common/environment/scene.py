"""From an environment folder's content to the record that travels between services."""

from itertools import chain

import cv2
from spoton_schemas import records

from spoton_common.environment.media import local_path
from spoton_common.environment.models import Environment, FloorPoint


class UnknownFrameRateError(ValueError):
    """The environment gives no processing_fps, and its first video does not tell its rate."""


def scene_record(environment: Environment) -> records.Scene:
    """Write an environment as a `Scene` record; without processing_fps it takes the first camera's own rate.

    Raises:
        UnknownFrameRateError: the first camera's first source is not a readable local video.

    """
    floor_map = environment.map
    return records.Scene(
        environment_id=environment.id,
        name=environment.name,
        processing_fps=environment.processing_fps or _own_rate(environment.cameras[0].sources[0]),
        cameras=tuple(
            records.SceneCamera(
                camera.id,
                camera.sources,
                camera.clock_offset_s,
                None if camera.homography is None else tuple(chain.from_iterable(camera.homography)),
            )
            for camera in environment.cameras
        ),
        classes=environment.classes,
        floor_map=records.FloorMap(floor_map.image, floor_map.metres_per_pixel, floor_map.origin_px)
        if floor_map
        else None,
        monitored_area=tuple(map(_point, environment.monitored_area or ())),
        zones=tuple(records.Zone(zone.id, tuple(map(_point, zone.polygon))) for zone in environment.zones),
        tripwires=tuple(
            records.Tripwire(wire.id, _point(wire.start), _point(wire.end)) for wire in environment.tripwires
        ),
    )


def _point(corner: FloorPoint) -> records.Point:
    return records.Point(*corner)


def _own_rate(source: str) -> float:
    path = local_path(source)
    capture = cv2.VideoCapture(path or "")
    fps = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    if path is None or not fps > 0:
        raise UnknownFrameRateError(f"give processing_fps: the frame rate of {source} cannot be read from here")
    return float(fps)
