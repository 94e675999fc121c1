"""What was known of a task's identities, and when.

A task's history has two times: that of the scene (ticks), and that of knowledge, counted in identity revisions.
Revision 0 is what was first published. A tick or a wall-clock time stands for the newest revision known then: the one
is when a revision was decided, the other when Kafka got it. Only corrections are taken back, not observations: a box
that was published after the revision has the identity with which it was published.
"""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from spoton_gateway.errors import NotFound, Unprocessable

_TASK = """
SELECT t.outcome IS NOT NULL AS ended, now() AS now,
       coalesce((SELECT max(r.revision) FROM identity_revisions r WHERE r.task_id = t.task_id), 0) AS newest_revision,
       (SELECT max(f.tick) FROM unnest(t.camera_ids) AS c (camera_id) CROSS JOIN LATERAL (
            SELECT max(global_frame_index) AS tick FROM camera_frames f
            WHERE f.task_id = t.task_id AND f.camera_id = c.camera_id
        ) f) AS newest_tick
FROM tasks t WHERE t.task_id = $1
"""

_DECIDED = "SELECT coalesce(max(revision), 0) FROM identity_revisions WHERE task_id = $1 AND global_frame_index <= $2"

_RECORDED = "SELECT coalesce(max(revision), 0) FROM identity_revisions WHERE task_id = $1 AND recorded_at <= $2"


# What a person ($2) was published as, if as anybody: else every corrected row's identity would have to be worked out.
_PUBLISHED_AS = """
SELECT $2::integer
UNION
SELECT p.live_global_id
FROM identity_changes c
JOIN track_points p ON p.task_id = c.task_id AND p.camera_id = c.camera_id AND p.track_id = c.track_id
 AND p.global_frame_index BETWEEN c.first_frame_index AND c.last_frame_index
WHERE c.task_id = $1 AND c.new_global_id = $2 AND c.revision <= {revision}
"""


@dataclass(frozen=True, slots=True)
class AsOf:
    """Which knowledge is wanted: one of these at most; none: that of now."""

    revision: int | None = None
    tick: int | None = None
    time: datetime | None = None

    @property
    def is_now(self) -> bool:
        """Whether the newest knowledge is wanted."""
        return self == AsOf()


@dataclass(frozen=True, slots=True)
class IdentityView:
    """Where a query reads identities: SQL for boxes, for positions (the task is ``$1``), and their column.

    ``of_person`` is a condition, implied by ``global_id = $2``, that says which rows can be of that person at all.
    ``revision`` is the newest correction in it; ``worked_out`` says that rows of the past cost more than stored ones.
    """

    name: str
    revision: int
    boxes: str = "track_points"
    positions: str = "person_positions"
    column: str = "global_id"
    of_person: str = "TRUE"
    worked_out: bool = False


async def identity_view(connection: asyncpg.Connection, task_id: str, as_of: AsOf) -> IdentityView:
    """Return where to read what was known; ``NotFound``, ``Unprocessable`` for what nobody can know yet."""
    task = await connection.fetchrow(_TASK, task_id)
    if task is None:
        raise NotFound(f"there is no task {task_id!r}")
    if as_of.is_now:
        return IdentityView("revised", task["newest_revision"])
    revision = await _revision(connection, task_id, as_of, task)
    published_as = _PUBLISHED_AS.format(revision=revision)
    return IdentityView(
        f"as-of-{revision}",
        revision,
        boxes=f"track_points_as_of($1, {revision})",
        positions=f"person_positions_as_of($1, {revision})",
        worked_out=True,
        of_person=f"(live_global_id IS NULL OR live_global_id = ANY (ARRAY({published_as})))",
    )


def live_view() -> IdentityView:
    """Return where to read identities as first published."""
    return IdentityView("live", 0, column="live_global_id")


async def _revision(connection: asyncpg.Connection, task_id: str, as_of: AsOf, task: asyncpg.Record) -> int:
    if as_of.tick is not None:
        if not task["ended"] and as_of.tick > (newest := task["newest_tick"] or 0):
            raise Unprocessable(f"as_of_tick {as_of.tick} has not come yet: the newest is {newest}")
        return int(await connection.fetchval(_DECIDED, task_id, as_of.tick))
    if as_of.time is not None:
        if as_of.time > task["now"]:
            raise Unprocessable(f"as_of {as_of.time.isoformat()} lies in the future: it is {task['now'].isoformat()}")
        return int(await connection.fetchval(_RECORDED, task_id, as_of.time))
    assert as_of.revision is not None
    if as_of.revision > task["newest_revision"]:
        raise Unprocessable(f"as_of_revision {as_of.revision} is not known: the newest is {task['newest_revision']}")
    return as_of.revision
