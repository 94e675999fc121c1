"""Who looks like whom, over all tasks."""

from datetime import datetime

import asyncpg

from spoton_gateway.api.models import SimilarIdentities, SimilarIdentity
from spoton_gateway.errors import NotFound, Unavailable

_APPEARANCE = """
SELECT a.model FROM identity_appearances a
WHERE a.task_id = $1 AND a.global_id = $2
  AND EXISTS (SELECT FROM track_points p WHERE p.task_id = a.task_id AND p.global_id = a.global_id)
"""

# All cosines exactly (a scene is opened once a task, not once a person), then, from the best on, whether somebody still
# has that identity: it may have been merged away.
_SIMILAR = """
WITH clocks AS MATERIALIZED (
    SELECT task_id, coalesce(origin, created_at) AS origin, (scene ->> 'processing_fps')::float AS fps
    FROM tasks WHERE $3::text IS NULL OR environment_id = $3
)
SELECT found.*
FROM (
    SELECT a.task_id, a.global_id, a.environment_id, 1 - (a.embedding <=> x.embedding) AS cosine,
           a.global_frame_index, t.origin + a.global_frame_index / t.fps * INTERVAL '1 second' AS last_seen, a.crops
    FROM identity_appearances x
    JOIN identity_appearances a ON a.model = x.model AND vector_dims(a.embedding) = vector_dims(x.embedding)
    JOIN clocks t ON t.task_id = a.task_id
    WHERE x.task_id = $1 AND x.global_id = $2 AND (a.task_id, a.global_id) <> ($1, $2)
      AND ($3::text IS NULL OR a.environment_id = $3)
      AND ($4::timestamptz IS NULL OR t.origin + a.global_frame_index / t.fps * INTERVAL '1 second' >= $4)
    ORDER BY 4 DESC, 1, 2
) found
CROSS JOIN LATERAL (
    SELECT FROM track_points p WHERE p.task_id = found.task_id AND p.global_id = found.global_id LIMIT 1
) present
ORDER BY found.cosine DESC, found.task_id, found.global_id LIMIT $5
"""


async def similar(
    connection: asyncpg.Connection,
    task_id: str,
    global_id: int,
    environment_id: str | None,
    since: datetime | None,
    limit: int,
) -> SimilarIdentities:
    """Return who looks most like an identity, best first; ``NotFound``, ``Unavailable`` without pgvector."""
    if not await connection.fetchval("SELECT to_regclass('identity_appearances') IS NOT NULL"):
        raise Unavailable("appearance history", "the database has no pgvector")
    model = await connection.fetchval(_APPEARANCE, task_id, global_id)
    if model is None:
        raise NotFound(f"nothing is known of what person {global_id} of task {task_id!r} looks like")
    rows = await connection.fetch(_SIMILAR, task_id, global_id, environment_id, since, limit)
    items = [SimilarIdentity(**dict(row)) for row in rows]
    return SimilarIdentities(task_id=task_id, global_id=global_id, model=model, items=items)
