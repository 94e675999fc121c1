"""What happened in a task."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import orjson

from spoton_gateway.api.models import EventPage, EventPersonView, EventView
from spoton_gateway.errors import BadCursor, NotFound
from spoton_gateway.timeline.texts import sentence

# Nobody meets themselves: of two who turned out to be one, the meeting is left out.
_EVENTS = """
SELECT * FROM events
WHERE task_id = $1
  AND ($2::text[] IS NULL OR type = ANY ($2))
  AND ($3::integer IS NULL OR global_id = $3 OR others @> jsonb_build_array(jsonb_build_object('global_id', $3)))
  AND ($4::text IS NULL OR place = $4)
  AND coalesce(end_time_us, event_time_us) >= $5 AND event_time_us < $6
  AND (global_frame_index, event_id) > ($7, $8)
  AND NOT (type = 'met' AND global_id IS NOT NULL
           AND others @> jsonb_build_array(jsonb_build_object('global_id', global_id)))
ORDER BY global_frame_index, event_id LIMIT $9
"""

_EARLIEST_US, _LATEST_US = -(2**62), 2**62


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events; those that go on within a time range count, scene time in seconds."""

    types: Sequence[str] | None = None
    global_id: int | None = None
    place: str | None = None
    from_s: float | None = None
    to_s: float | None = None


async def page(
    connection: asyncpg.Connection, task_id: str, wanted: Wanted, cursor: str | None, limit: int
) -> EventPage:
    """Return events in the order in which they began; ``NotFound``, ``BadCursor``."""
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM tasks WHERE task_id = $1)", task_id):
        raise NotFound(f"there is no task {task_id!r}")
    rows = await connection.fetch(
        _EVENTS,
        task_id,
        wanted.types,
        wanted.global_id,
        wanted.place,
        _EARLIEST_US if wanted.from_s is None else round(wanted.from_s * 1e6),
        _LATEST_US if wanted.to_s is None else round(wanted.to_s * 1e6),
        *_after(cursor),
        limit + 1,
    )
    more, rows = len(rows) > limit, rows[:limit]
    last = rows[-1] if more else None
    return EventPage(
        task_id=task_id,
        items=[_view(row) for row in rows],
        next_cursor=f"{last['global_frame_index']}~{last['event_id']}" if last else None,
    )


def _view(row: asyncpg.Record) -> EventView:
    end_us = row["end_time_us"]
    view = EventView(
        event_id=row["event_id"],
        type=row["type"],
        text="",
        start_s=row["event_time_us"] / 1e6,
        end_s=None if end_us is None else end_us / 1e6,
        global_frame_index=row["global_frame_index"],
        end_frame_index=row["end_frame_index"],
        global_id=row["global_id"],
        others=[EventPersonView(**person) for person in orjson.loads(row["others"])],
        camera_id=row["camera_id"],
        track_id=row["track_id"],
        class_name=row["class_name"],
        place=row["place"],
        position=None if row["x_m"] is None else [row["x_m"], row["y_m"]],
        confidence=row["confidence"],
        details=orjson.loads(row["details"]),
    )
    return view.model_copy(update={"text": sentence(view)})


def _after(cursor: str | None) -> tuple[int, str]:
    if cursor is None:
        return -1, ""
    tick, _, event_id = cursor.partition("~")
    if not tick.isascii() or not tick.isdecimal() or int(tick) >= 2**63 or not event_id:
        raise BadCursor(f"{cursor[:80]!r} is not a cursor of this list")
    return int(tick), event_id
