"""Batches of records into the database: one transaction each, redelivery harmless."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from spoton_common import metrics
from spoton_schemas.records import Appearance, Event, IdentityRevision, Kind, MapPoints, TaskStatus

from spoton_gateway.sinks import event_identities, marks, revisions, statuses, tables, unstorable
from spoton_gateway.sinks.appearances import AppearanceTable, appearance_row
from spoton_gateway.sinks.rows import Rows


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record of one of the sink's topics and the time (UTC) at which Kafka got it."""

    record: MapPoints | IdentityRevision | Appearance | Event | TaskStatus
    said_at: datetime


@dataclass(slots=True)
class _Ticks:
    """Ticks of one task whose identities may have to change."""

    first: int
    last: int

    def include(self, first: int, last: int) -> None:
        self.first, self.last = min(self.first, first), max(self.last, last)


class Writer:
    """Writes to one connection; another sink may write the same task's other topics at the same time."""

    def __init__(
        self, connection: asyncpg.Connection, publish: Callable[[Sequence[Event]], None] = lambda _: None
    ) -> None:
        """``publish`` tells everybody of events whose identities have changed; what it raises undoes the batch."""
        self._connection = connection
        self._publish = publish
        self._appearances = AppearanceTable(connection)
        self._origins: dict[str, datetime] = {}

    async def prepare(self) -> None:
        """Make the session ready; call it once, after the migrations."""
        await tables.prepare(self._connection)
        await revisions.prepare(self._connection)
        await self._appearances.prepare()

    async def write(self, arrivals: Sequence[Arrival]) -> None:
        """Write a batch, all or nothing; the order within each topic counts."""
        try:
            await self._write(arrivals)
        except Exception:
            self._origins.clear()  # they may come from what was just taken back
            raise

    async def do_without(self, arrival: Arrival, why: str) -> None:
        """Let nobody wait for a record that no table takes."""
        record = arrival.record
        if isinstance(record, IdentityRevision | MapPoints):
            async with self._connection.transaction():
                await self._lock({record.task_id})
                if await self._without_removed([arrival], {record.task_id}):
                    await unstorable.do_without(self._connection, record, arrival.said_at, why)

    async def _write(self, arrivals: Sequence[Arrival]) -> None:
        async with self._connection.transaction():
            task_ids = {arrival.record.task_id for arrival in arrivals}
            await self._lock(task_ids)
            arrivals = await self._without_removed(arrivals, task_ids)
            rows, touched = Rows(), dict[str, _Ticks]()
            for arrival in arrivals:
                await self._take(arrival, rows, touched)
            await tables.insert(self._connection, rows)
            await self._appearances.write(rows.appearances)
            for task_id, ticks in touched.items():
                await revisions.apply_revisions(self._connection, task_id, ticks.first, ticks.last)
            await self._correct_events(arrivals)
            await unstorable.forget_notes(
                self._connection, [a.record for a in arrivals if isinstance(a.record, IdentityRevision)]
            )
            await self._appearances.prune(task_ids)

    async def _correct_events(self, arrivals: Sequence[Arrival]) -> None:
        """Let events follow revisions, and tell of it before the rows are safe: better twice than never."""
        records = [arrival.record for arrival in arrivals]
        revised = {record.task_id: record for record in records if isinstance(record, IdentityRevision)}
        events = [record for record in records if isinstance(record, Event) and not record.ends_task]
        new = [event for event in events if event.task_id not in revised]
        changed = []
        for revision in revised.values():
            changed += await event_identities.correct(self._connection, revision, None)
        for task_id in {event.task_id: None for event in new}:
            of_task = [event for event in new if event.task_id == task_id]
            changed += await event_identities.correct(self._connection, of_task[0], [e.event_id for e in of_task])
        if changed:
            self._publish(changed)

    async def _lock(self, task_ids: set[str]) -> None:
        """Let one sink at a time work on a task: a box and its revision must not miss each other."""
        await self._connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(id, 0)) FROM unnest($1::text[]) AS id", sorted(task_ids)
        )

    async def _without_removed(self, arrivals: Sequence[Arrival], task_ids: set[str]) -> Sequence[Arrival]:
        """Leave out tasks that somebody deleted while the stages still worked on them."""
        found = await self._connection.fetch("SELECT id FROM removed_tasks WHERE id = ANY ($1::text[])", list(task_ids))
        if not found:
            return arrivals
        removed = {row["id"] for row in found}
        # The mark behind its last event: no stage says anything more, and what is left of the job can go.
        ended = [a.record.task_id for a in arrivals if isinstance(a.record, Event) and a.record.ends_task]
        await self._connection.execute(
            "UPDATE jobs SET ended = true WHERE job_id = ANY ($1::text[])", [i for i in ended if i in removed]
        )
        left = [arrival for arrival in arrivals if arrival.record.task_id not in removed]
        metrics.DROPPED.labels("sink", "removed_task").inc(len(arrivals) - len(left))
        return left

    async def _take(self, arrival: Arrival, rows: Rows, touched: dict[str, _Ticks]) -> None:
        record = arrival.record
        if isinstance(record, MapPoints):
            await self._take_map_points(record, arrival.said_at, rows, touched)
        elif isinstance(record, TaskStatus):
            await statuses.store_status(self._connection, record, arrival.said_at)
        elif isinstance(record, IdentityRevision):
            rows.add_revision(record, arrival.said_at)
            for change in record.changes:
                _touch(touched, record, change.first_frame_index, change.last_frame_index)
        elif isinstance(record, Appearance):
            rows.appearances.append(appearance_row(record))
        elif record.ends_task:
            await marks.store_events_end(self._connection, record, arrival.said_at)
        else:
            rows.add_event(record)

    async def _take_map_points(
        self, record: MapPoints, said_at: datetime, rows: Rows, touched: dict[str, _Ticks]
    ) -> None:
        if record.kind is Kind.FRAME:
            rows.add_frame(record, await self._origin(record, said_at))
            _touch(touched, record, record.global_frame_index, record.global_frame_index)
        elif record.kind is Kind.START:
            await marks.store_start(self._connection, record, said_at)
        elif record.kind is Kind.END_OF_TASK:
            await marks.store_end(self._connection, record, said_at)
            self._origins.pop(record.task_id, None)

    async def _origin(self, record: MapPoints, said_at: datetime) -> datetime:
        if record.task_id not in self._origins:
            await statuses.ensure_task(self._connection, record.task_id, record.environment_id, said_at)
            self._origins |= await marks.origins(self._connection, {record.task_id})
        return self._origins[record.task_id]


def _touch(touched: dict[str, _Ticks], record: Any, first: int, last: int) -> None:
    touched.setdefault(record.task_id, _Ticks(first, last)).include(first, last)
