"""Events after identity revisions: they follow the tracklets that they are about.

As with boxes (``revisions.py``), the identity of a tracklet at a tick is what the last of the changes of revisions
newer than the event's ``identity_revision`` that cover it says. That is a function of the event and of the set of
revisions, so their order of arrival does not matter, and an event that comes again as it once was is corrected again.
"""

from collections.abc import Sequence

import asyncpg
import orjson
from spoton_schemas.records import Event, EventPerson, IdentityRevision, Point

_LAST_CHANGE = """
SELECT c.revision, c.new_global_id FROM identity_changes c
WHERE c.task_id = e.task_id AND c.camera_id = {camera} AND c.track_id = {track} AND c.revision > e.identity_revision
  AND {tick} BETWEEN c.first_frame_index AND c.last_frame_index
ORDER BY c.revision DESC, c.ordinal DESC LIMIT 1
"""

_OWN = _LAST_CHANGE.format(camera="e.camera_id", track="e.track_id", tick="e.seen_frame_index")
_OTHER = _LAST_CHANGE.format(
    camera="o.person ->> 'camera_id'",
    track="(o.person ->> 'track_id')::integer",
    tick="(o.person ->> 'seen_frame_index')::bigint",
)

# An event about a thing names the thing's tracklet, unseen as a person; its identity is that of whoever did it.
_CORRECT = f"""
WITH known AS (
    SELECT e.event_id,
           CASE WHEN own.revision IS NULL THEN e.global_id ELSE own.new_global_id END AS global_id,
           e.seen_frame_index IS NULL AND e.others <> '[]' AS is_of_other,
           coalesce((
               SELECT jsonb_agg(
                   CASE WHEN other.revision IS NULL THEN o.person
                   ELSE jsonb_set(o.person, '{{global_id}}', coalesce(to_jsonb(other.new_global_id), 'null')) END
                   ORDER BY o.place)
               FROM jsonb_array_elements(e.others) WITH ORDINALITY AS o (person, place)
               LEFT JOIN LATERAL ({_OTHER}) other ON true
           ), '[]') AS others
    FROM events e
    LEFT JOIN LATERAL ({_OWN}) own ON true
    WHERE e.task_id = $1 AND ($2::text[] IS NULL OR e.event_id = ANY ($2))
),
corrected AS (
    SELECT event_id, others,
           CASE WHEN is_of_other THEN (others -> 0 ->> 'global_id')::integer ELSE global_id END AS global_id
    FROM known
)
UPDATE events e
SET global_id = c.global_id, others = c.others,
    identity_revision = (SELECT max(revision) FROM identity_revisions WHERE task_id = $1)
FROM corrected c
WHERE e.task_id = $1 AND e.event_id = c.event_id AND (e.global_id, e.others) IS DISTINCT FROM (c.global_id, c.others)
RETURNING e.*
"""  # noqa: S608 (all parts are ours)


async def correct(
    connection: asyncpg.Connection, cause: Event | IdentityRevision, event_ids: Sequence[str] | None
) -> list[Event]:
    """Bring the identities of a task's events up to date and return those that changed, as they are now.

    ``cause``: a record of the task. ``event_ids``: only these, which are new; None: all, because of a new revision.
    Call it inside a transaction.
    """
    known = "SELECT EXISTS (SELECT FROM identity_changes WHERE task_id = $1)"
    if not await connection.fetchval(known, cause.task_id):
        return []
    rows = await connection.fetch(_CORRECT, cause.task_id, event_ids)
    rows.sort(key=lambda row: (row["global_frame_index"], row["event_id"]))
    return [_event(row, cause.environment_id) for row in rows]


def _event(row: asyncpg.Record, environment_id: str) -> Event:
    content = {name: value for name, value in row.items() if name not in ("x_m", "y_m")}
    return Event(
        **{
            **content,
            "environment_id": environment_id,
            "details": orjson.loads(row["details"]),
            "others": tuple(EventPerson(**person) for person in orjson.loads(row["others"])),
            "position": None if row["x_m"] is None else Point(row["x_m"], row["y_m"]),
        }
    )
