"""Identities after revisions.

A box was published with the identity that held at its ``identity_revision`` r. Its identity now is what the last of the
changes of revisions > r that cover it says, in the order of revisions and of changes within one; without such a change
it is as published. That is a function of the box and of the set of revisions, so it does not matter which of them
reached the database first; ``applied_revision`` remembers how far it has been evaluated.

A fused position was made of the boxes of its cameras at its tick that had its identity when published:

* if all of them now have one identity, the position has it too;
* if they no longer agree, it lies between two people and has none (the boxes keep their own floor positions);
* if there are none (the person was out of sight, the position foretold), it follows the person's last seen position.

Two positions that end up with one identity at one tick are both kept; queries average them by their variances.
A position's ``applied_revision`` is the newest of its boxes', and 0 while none of them was changed.

The functions ``track_points_as_of`` and ``person_positions_as_of`` of the database evaluate the same rules up to a
revision.
"""

import asyncpg

# Each change is first collected in a work table and then applied from there. In one statement the planner, which has
# no statistics of a task that has just begun, may join the wrong way round and evaluate the collection once a row.

_COLLECT_BOXES = """
INSERT INTO revised_boxes
SELECT DISTINCT ON (p.camera_id, p.track_id, p.global_frame_index)
       p.camera_id, p.track_id, p.global_frame_index, p.time, p.live_global_id, c.new_global_id, c.revision
FROM identity_changes c
JOIN track_points p USING (task_id, camera_id, track_id)
WHERE c.task_id = $1 AND c.first_frame_index <= $3 AND c.last_frame_index >= $2
  AND p.global_frame_index BETWEEN greatest(c.first_frame_index, $2) AND least(c.last_frame_index, $3)
  AND c.revision > p.applied_revision
ORDER BY p.camera_id, p.track_id, p.global_frame_index, c.revision DESC, c.ordinal DESC
"""

_REVISE_BOXES = """
UPDATE track_points p
SET global_id = r.global_id, applied_revision = r.revision
FROM revised_boxes r
WHERE p.task_id = $1 AND p.camera_id = r.camera_id AND p.track_id = r.track_id
  AND p.global_frame_index = r.global_frame_index AND p.time = r.time
"""

_COLLECT_SEEN_POSITIONS = """
INSERT INTO revised_positions
SELECT q.global_frame_index, q.live_global_id, q.time,
       CASE WHEN count(DISTINCT coalesce(t.global_id, -1)) = 1 THEN min(t.global_id) END,
       coalesce(max(t.applied_revision) FILTER (WHERE t.applied_revision > t.identity_revision), 0)
FROM (SELECT DISTINCT global_frame_index, live_global_id FROM revised_boxes WHERE live_global_id IS NOT NULL) r
JOIN person_positions q
  ON q.task_id = $1 AND q.global_frame_index = r.global_frame_index AND q.live_global_id = r.live_global_id
JOIN track_points t
  ON t.task_id = $1 AND t.global_frame_index = q.global_frame_index AND t.camera_id = ANY (q.camera_ids)
 AND t.live_global_id = q.live_global_id
GROUP BY 1, 2, 3
"""

_COLLECT_FORETOLD_POSITIONS = """
INSERT INTO revised_positions
SELECT q.global_frame_index, q.live_global_id, q.time, seen.global_id, seen.applied_revision
FROM person_positions q
CROSS JOIN LATERAL (
    SELECT e.global_id, e.applied_revision FROM person_positions e
    WHERE e.task_id = $1 AND e.live_global_id = q.live_global_id AND e.camera_ids <> '{}'
      AND e.global_frame_index < q.global_frame_index
    ORDER BY e.global_frame_index DESC LIMIT 1
) seen
WHERE q.task_id = $1 AND q.camera_ids = '{}' AND q.global_frame_index BETWEEN $2 AND $3
  AND (q.global_id, q.applied_revision) IS DISTINCT FROM (seen.global_id, seen.applied_revision)
"""

_REVISE_POSITIONS = """
UPDATE person_positions p
SET global_id = r.global_id, applied_revision = r.revision
FROM revised_positions r
WHERE p.task_id = $1 AND p.global_frame_index = r.global_frame_index AND p.live_global_id = r.live_global_id
  AND p.time = r.time
"""

_FORETOLD_TICKS = 250
"""How far behind a revised stretch foretold positions are looked at: mappers foretell for about a second."""


async def prepare(connection: asyncpg.Connection) -> None:
    """Create the session's work tables."""
    await connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS revised_boxes"
        " (camera_id text, track_id integer, global_frame_index bigint, time timestamptz, live_global_id integer,"
        "  global_id integer, revision bigint) ON COMMIT DELETE ROWS"
    )
    await connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS revised_positions"
        " (global_frame_index bigint, live_global_id integer, time timestamptz, global_id integer,"
        "  revision bigint) ON COMMIT DELETE ROWS"
    )


async def apply_revisions(connection: asyncpg.Connection, task_id: str, first_tick: int, last_tick: int) -> None:
    """Bring the identities of a task's ticks (both included) up to date; call it inside a transaction.

    Needed after new boxes and after new revisions; where there is nothing to do it costs one look-up.
    """
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM identity_changes WHERE task_id = $1)", task_id):
        return
    await connection.execute("TRUNCATE revised_boxes, revised_positions")
    await connection.execute(_COLLECT_BOXES, task_id, first_tick, last_tick)
    await connection.execute(_REVISE_BOXES, task_id)
    await connection.execute(_COLLECT_SEEN_POSITIONS, task_id)
    await connection.execute(_REVISE_POSITIONS, task_id)
    await connection.execute("TRUNCATE revised_positions")
    await connection.execute(_COLLECT_FORETOLD_POSITIONS, task_id, first_tick, last_tick + _FORETOLD_TICKS)
    await connection.execute(_REVISE_POSITIONS, task_id)
