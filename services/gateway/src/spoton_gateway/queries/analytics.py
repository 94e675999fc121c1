"""Where people were."""

import asyncpg

from spoton_gateway.api.models import Heatmap, HeatmapCell, Trajectory, TrajectoryPoint
from spoton_gateway.errors import BadCursor, NotFound, Unprocessable
from spoton_gateway.queries.as_of import AsOf, IdentityView, identity_view

CELL_M = 0.25
"""Side of the cells that the database counts in; heatmaps have multiples of it."""

# Two positions of one person at one tick (identities that were joined later) are averaged by their variances.
_TRAJECTORY = """
SELECT global_frame_index, min(time) AS time,
       sum(x_m / w.variance) / sum(1 / w.variance) AS x_m,
       sum(y_m / w.variance) / sum(1 / w.variance) AS y_m,
       sum(vx_m_s / w.variance) / sum(1 / w.variance) AS vx_m_s,
       sum(vy_m_s / w.variance) / sum(1 / w.variance) AS vy_m_s,
       sqrt(1 / sum(1 / w.variance)) AS std_m
FROM {positions}
CROSS JOIN LATERAL (SELECT greatest(std_m * std_m, 1e-6) AS variance) w
WHERE task_id = $1 AND global_id = $2 AND {of_person} AND global_frame_index > $3
GROUP BY global_frame_index ORDER BY global_frame_index LIMIT $4
"""

_SEEN_BY = """
SELECT global_frame_index, array_agg(DISTINCT camera_id ORDER BY camera_id) AS camera_ids
FROM {boxes}
WHERE task_id = $1 AND global_id = $2 AND {of_person} AND global_frame_index BETWEEN $3 AND $4
GROUP BY global_frame_index
"""

_KNOWN = """
SELECT EXISTS (SELECT FROM {boxes} WHERE task_id = $1 AND global_id = $2 AND {of_person})
    OR EXISTS (SELECT FROM {positions} WHERE task_id = $1 AND global_id = $2 AND {of_person})
"""

_NEWEST_TASK_WITH = """
SELECT task_id FROM tasks t
WHERE EXISTS (SELECT FROM person_positions p WHERE p.task_id = t.task_id AND p.global_id = $1)
   OR EXISTS (SELECT FROM track_points p WHERE p.task_id = t.task_id AND p.global_id = $1)
ORDER BY created_at DESC, task_id DESC LIMIT 1
"""

# floor_cells may be counted an hour ago: right for a history of many tasks, late for one that runs.
_HEATMAP_OF_MANY = """
SELECT floor(cell_x / $2::float)::int AS column, floor(cell_y / $2::float)::int AS row, sum(samples)::bigint AS samples
FROM floor_cells
WHERE task_id IN (SELECT task_id FROM tasks WHERE $1::text IS NULL OR environment_id = $1)
GROUP BY 1, 2 ORDER BY 2, 1
"""

_HEATMAP_OF_ONE = """
SELECT floor(floor(x_m / 0.25) / $2::float)::int AS column, floor(floor(y_m / 0.25) / $2::float)::int AS row,
       count(*) AS samples
FROM person_positions
WHERE task_id IN (SELECT task_id FROM tasks WHERE task_id = $1 AND ($3::text IS NULL OR environment_id = $3))
GROUP BY 1, 2 ORDER BY 2, 1
"""


async def trajectory(
    connection: asyncpg.Connection, global_id: int, task_id: str | None, as_of: AsOf, cursor: str | None, limit: int
) -> Trajectory:
    """Return a person's path in a task (None: the newest that has the person) as it was known.

    ``NotFound``, ``BadCursor``, ``Unprocessable``.
    """
    if task_id is None and not as_of.is_now:
        raise Unprocessable("give the task_id, too: each task has revisions of its own")
    task_id = task_id or await connection.fetchval(_NEWEST_TASK_WITH, global_id)
    if task_id is None:
        raise NotFound(f"no task has a person {global_id}")
    environment_id = await connection.fetchval("SELECT environment_id FROM tasks WHERE task_id = $1", task_id)
    if environment_id is None:
        raise NotFound(f"there is no task {task_id!r}")
    view = await identity_view(connection, task_id, as_of)
    await _require_person(connection, view, task_id, global_id)
    rows = await connection.fetch(_from(view, _TRAJECTORY), task_id, global_id, _after(cursor), limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    seen_by = await _seen_by(connection, view, task_id, global_id, rows)
    return Trajectory(
        task_id=task_id,
        environment_id=environment_id,
        global_id=global_id,
        as_of_revision=view.revision,
        points=[TrajectoryPoint(**dict(row), camera_ids=seen_by.get(row["global_frame_index"], [])) for row in rows],
        next_cursor=str(rows[-1]["global_frame_index"]) if more else None,
    )


async def heatmap(
    connection: asyncpg.Connection, task_id: str | None, environment_id: str | None, cell_m: float
) -> Heatmap:
    """Return how often somebody stood in each cell of floor, in a task or in all tasks of an environment."""
    if task_id is not None and not await connection.fetchval(
        "SELECT EXISTS (SELECT FROM tasks WHERE task_id = $1)", task_id
    ):
        raise NotFound(f"there is no task {task_id!r}")
    cells_wide = round(cell_m / CELL_M)
    if task_id is None:
        rows = await connection.fetch(_HEATMAP_OF_MANY, environment_id, cells_wide)
    else:
        rows = await connection.fetch(_HEATMAP_OF_ONE, task_id, cells_wide, environment_id)
    cells = [HeatmapCell(x_m=row["column"] * cell_m, y_m=row["row"] * cell_m, samples=row["samples"]) for row in rows]
    return Heatmap(
        task_id=task_id,
        environment_id=environment_id,
        cell_m=cell_m,
        samples=sum(cell.samples for cell in cells),
        cells=cells,
    )


async def _require_person(connection: asyncpg.Connection, view: IdentityView, task_id: str, global_id: int) -> None:
    if not await connection.fetchval(_from(view, _KNOWN), task_id, global_id):
        raise NotFound(f"task {task_id!r} has no person {global_id} as of revision {view.revision}")


async def _seen_by(
    connection: asyncpg.Connection, view: IdentityView, task_id: str, global_id: int, rows: list[asyncpg.Record]
) -> dict[int, list[str]]:
    if not rows:
        return {}
    first, last = rows[0]["global_frame_index"], rows[-1]["global_frame_index"]
    found = await connection.fetch(_from(view, _SEEN_BY), task_id, global_id, first, last)
    return {row["global_frame_index"]: row["camera_ids"] for row in found}


def _from(view: IdentityView, query: str) -> str:
    return query.format(boxes=view.boxes, positions=view.positions, of_person=view.of_person)


def _after(cursor: str | None) -> int:
    if cursor is None:
        return -1
    if not cursor.isascii() or not cursor.isdecimal() or int(cursor) >= 2**63:
        raise BadCursor(f"{cursor[:80]!r} is not a cursor of this list")
    return int(cursor)
