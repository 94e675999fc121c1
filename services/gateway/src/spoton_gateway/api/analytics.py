"""``/analytics_data``."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from spoton_gateway.api.as_of import KnownAsOf
from spoton_gateway.api.deps import Connection, Environments
from spoton_gateway.api.models import MAX_ID, Heatmap, Trajectory
from spoton_gateway.api.problems import documented
from spoton_gateway.errors import Unprocessable
from spoton_gateway.queries import analytics

router = APIRouter(tags=["analytics"])

GlobalId = Annotated[int, Path(ge=1, le=MAX_ID)]
Limit = Annotated[int, Query(ge=1, le=20_000)]
CellSize = Annotated[float, Query(description="Metres, a multiple of 0.25", gt=0, le=100, multiple_of=analytics.CELL_M)]


@router.get("/trajectory/{global_id}", responses=documented(404))
async def get_trajectory(
    global_id: GlobalId,
    connection: Connection,
    as_of: KnownAsOf,
    task_id: str | None = None,
    cursor: str | None = None,
    limit: Limit = 5000,
) -> Trajectory:
    """Tell where a person went, as known now or then; without a task, in the newest one that has the person."""
    return await analytics.trajectory(connection, global_id, task_id, as_of, cursor, limit)


@router.get("/heatmap", responses=documented(404))
async def get_heatmap(
    connection: Connection,
    environments: Environments,
    environment_id: str | None = None,
    task_id: str | None = None,
    cell_m: CellSize = 0.5,
) -> Heatmap:
    """Tell how often people stood where, in one task or in all tasks of an environment."""
    if (environment_id is None) == (task_id is None):
        raise Unprocessable("give either task_id or environment_id")
    if environment_id is not None:
        await environments.scene(environment_id)
    return await analytics.heatmap(connection, task_id, environment_id, cell_m)
