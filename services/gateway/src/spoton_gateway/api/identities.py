"""``/identities``."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from spoton_gateway.api.deps import Connection
from spoton_gateway.api.models import MAX_ID, SimilarIdentities
from spoton_gateway.api.problems import documented
from spoton_gateway.api.times import Rfc3339
from spoton_gateway.queries import appearances

router = APIRouter(prefix="/identities", tags=["identities"])

GlobalId = Annotated[int, Path(ge=1, le=MAX_ID)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Since = Annotated[Rfc3339 | None, Query(description="Only who was seen at this time or later (RFC 3339), as filmed")]


@router.get("/{task_id}/{global_id}/similar", responses=documented(404))
async def get_similar_identities(
    task_id: str,
    global_id: GlobalId,
    connection: Connection,
    limit: Limit = 20,
    environment_id: str | None = None,
    since: Since = None,
) -> SimilarIdentities:
    """Tell who looks like a person, in all tasks: candidates, best first. Nobody need be among them."""
    return await appearances.similar(connection, task_id, global_id, environment_id, since, limit)
