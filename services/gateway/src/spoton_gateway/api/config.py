"""``/config/environments``."""

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from spoton_common.storage import filename
from spoton_schemas.records import Point, Scene

from spoton_gateway.api.deps import Environments, Files
from spoton_gateway.api.models import (
    CameraList,
    CameraView,
    EnvironmentList,
    EnvironmentView,
    FloorMapView,
    TripwireView,
    ZoneView,
)
from spoton_gateway.api.problems import documented
from spoton_gateway.errors import NotFound
from spoton_gateway.jobs.records import PREFIX
from spoton_gateway.media.delivery import FILE_RESPONSES, RANGE_PARAMETER, deliver

router = APIRouter(prefix="/config/environments", tags=["configuration"])


@router.get("")
async def list_environments(environments: Environments) -> EnvironmentList:
    """List the registered environments, without those of single jobs."""
    scenes = [scene for scene in environments.scenes() if not scene.environment_id.startswith(PREFIX)]
    return EnvironmentList(items=[_environment(scene) for scene in scenes])


@router.get("/{environment_id}", responses=documented(404))
async def get_environment(environment_id: str, environments: Environments) -> EnvironmentView:
    """Describe an environment."""
    return _environment(await environments.scene(environment_id))


@router.get("/{environment_id}/cameras", responses=documented(404))
async def list_cameras(environment_id: str, environments: Environments) -> CameraList:
    """List an environment's cameras."""
    scene = await environments.scene(environment_id)
    items = [
        CameraView(
            camera_id=camera.camera_id,
            sub_videos=len(camera.sources),
            clock_offset_s=camera.clock_offset_s,
            on_floor=camera.homography is not None,
            homography=list(camera.homography) if camera.homography else None,
        )
        for camera in scene.cameras
    ]
    return CameraList(environment_id=environment_id, items=items)


@router.get("/{environment_id}/map", response_class=Response, responses=FILE_RESPONSES, openapi_extra=RANGE_PARAMETER)
async def get_map(environment_id: str, environments: Environments, files: Files, request: Request) -> Response:
    """Serve the picture of an environment's floor."""
    scene = await environments.scene(environment_id)
    if scene.floor_map is None:
        raise NotFound(f"environment {environment_id!r} has no picture of its floor")
    return await deliver(files, scene.floor_map.image, filename(scene.floor_map.image), request)


def _environment(scene: Scene) -> EnvironmentView:
    floor_map = scene.floor_map
    return EnvironmentView(
        environment_id=scene.environment_id,
        name=scene.name,
        processing_fps=scene.processing_fps,
        camera_ids=[camera.camera_id for camera in scene.cameras],
        classes=list(scene.classes),
        map=FloorMapView(
            url=f"/api/v1/config/environments/{quote(scene.environment_id, safe='')}/map",
            metres_per_pixel=floor_map.metres_per_pixel,
            origin_px=list(floor_map.origin_px),
        )
        if floor_map
        else None,
        monitored_area=_points(scene.monitored_area),
        zones=[ZoneView(id=zone.id, polygon=_points(zone.polygon)) for zone in scene.zones],
        tripwires=[
            TripwireView(id=wire.id, start=_point(wire.start), end=_point(wire.end)) for wire in scene.tripwires
        ],
    )


def _points(points: Sequence[Point]) -> list[list[float]]:
    return [_point(point) for point in points]


def _point(point: Point) -> list[float]:
    return [point.x_m, point.y_m]
