"""Starts waiting jobs in turn, from the database: any number of gateways may do it, and be killed at it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

from spoton_common.logging import get_logger

from spoton_gateway.database import Database
from spoton_gateway.jobs import records
from spoton_gateway.jobs.housekeeping import Housekeeping
from spoton_gateway.jobs.rows import upload_of
from spoton_gateway.kafka.publisher import Publisher
from spoton_gateway.queries import tasks
from spoton_gateway.uploads.settings import UploadSettings

_log = get_logger()

_LOCK = 7215101  # any number that nothing else in the database uses
_LOOK_S = 0.5  # how late the end of one job is noticed by the next
_FINISH_S = 1.0
_TIDY_S = 60.0

_NOTE_ENDED = """
UPDATE jobs j SET ended = true FROM tasks t
WHERE t.task_id = j.job_id AND t.outcome IS NOT NULL
  AND j.announced_at IS NOT NULL AND NOT j.ended AND j.removed_at IS NULL
"""

# Whose jobs take the fewest places is served first, then who waits longest.
_NEXT = """
WITH running AS (
    SELECT owner, count(*) AS jobs FROM jobs
    WHERE announced_at IS NOT NULL AND NOT ended AND removed_at IS NULL GROUP BY owner
)
SELECT j.* FROM jobs j LEFT JOIN running r USING (owner)
WHERE j.queued_at IS NOT NULL AND j.announced_at IS NULL AND j.removed_at IS NULL
  AND coalesce(r.jobs, 0) < $1 AND (SELECT coalesce(sum(jobs), 0) FROM running) < $2
ORDER BY coalesce(r.jobs, 0), j.queued_at, j.job_id
LIMIT 1 FOR UPDATE OF j SKIP LOCKED
"""


class Dispatcher:
    """A loop beside the requests."""

    def __init__(
        self, database: Database, publisher: Publisher, housekeeping: Housekeeping, settings: UploadSettings
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._housekeeping = housekeeping
        self._settings = settings
        self._woken = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; returns at once."""
        self._loops = [
            asyncio.create_task(self._repeat(self._dispatch, _LOOK_S, self._woken)),
            asyncio.create_task(self._repeat(self._housekeeping.finish_ended, _FINISH_S, asyncio.Event())),
            asyncio.create_task(self._repeat(self._housekeeping.tidy, _TIDY_S, asyncio.Event())),
        ]

    async def stop(self) -> None:
        """End; what is not announced is left to the next gateway."""
        for loop in self._loops:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop

    def wake(self) -> None:
        """Look now: a job has come."""
        self._woken.set()

    async def _repeat(self, work: Callable[[], Awaitable[None]], pause_s: float, woken: asyncio.Event) -> None:
        troubled = False
        while True:
            try:
                await work()
                troubled = False
            except Exception as error:
                # A server that is away, mostly. Whatever it was, jobs go on once it has passed.
                if not troubled:
                    _log.warning("jobs cannot be looked after, trying again", error=f"{type(error).__name__}: {error}")
                troubled = True
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await woken.wait()
            woken.clear()

    async def _dispatch(self) -> None:
        while await self._start_next():
            pass

    async def _start_next(self) -> bool:
        """Announce the job whose turn it is; False if none may start now, or another gateway is at it."""
        async with self._database.connection() as connection, connection.transaction():
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
                return False
            await connection.execute(_NOTE_ENDED)
            row = await connection.fetchrow(_NEXT, self._settings.running_per_user, self._settings.running)
            if row is None:
                return False
            upload, queued_at = upload_of(row), row["queued_at"]
            # Killed behind these two, the gateway leaves the row as it was: the same records are sent once more.
            await self._publisher.publish(records.environment(upload, self._settings.processing_fps))
            await self._publisher.publish(records.start(upload, queued_at))
            environment_id = records.environment_of(upload.job_id)
            await tasks.create(connection, upload.job_id, environment_id, [records.CAMERA], queued_at, 1)
            await connection.execute(
                "UPDATE jobs SET announced_at = $2 WHERE job_id = $1", upload.job_id, datetime.now(UTC)
            )
        _log.info("job started", task=upload.job_id)
        return True
