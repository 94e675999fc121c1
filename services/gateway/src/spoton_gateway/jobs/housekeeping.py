"""Removes jobs, and what interrupted work left behind."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import asyncpg
import redis.asyncio as redis
from spoton_common.logging import get_logger
from spoton_common.storage import Storage
from spoton_schemas.records import Command, CommandName
from spoton_schemas.topics import COMMANDS, ENVIRONMENTS

from spoton_gateway.database import Database
from spoton_gateway.errors import NotFound
from spoton_gateway.jobs import records, rows
from spoton_gateway.kafka.publisher import Publisher
from spoton_gateway.sinks.retention import remove_task
from spoton_gateway.uploads.incoming import sweep
from spoton_gateway.uploads.settings import UploadSettings

_log = get_logger()

_STORING = timedelta(hours=1)  # more than any upload needs from its row to its file
_STOPPING = timedelta(minutes=2)  # stages may come to the segment so late, ask for its environment, and say nothing
_REMEMBERED = timedelta(days=30)  # longer than Kafka keeps records of a removed task

_LEFT_OVER = """
SELECT job_id FROM jobs j WHERE removed_at IS NULL AND (
    (NOT stored AND uploaded_at < $1)
    OR (queued_at IS NULL AND uploaded_at < $2)
    -- The task was removed because it ended long ago: its video goes too.
    OR (ended AND NOT EXISTS (SELECT FROM tasks t WHERE t.task_id = j.job_id))
)
"""


_MARK_REMOVED = """
UPDATE jobs SET removed_at = $2,
    ended = ended OR EXISTS (SELECT FROM tasks t WHERE t.task_id = jobs.job_id AND t.outcome IS NOT NULL)
WHERE job_id = $1 AND removed_at IS NULL RETURNING job_id
"""


class Housekeeping:
    """Removal in two steps: first all rows, so that the job is gone for everybody, then what lies elsewhere."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        publisher: Publisher,
        redis_client: redis.Redis,
        settings: UploadSettings,
    ) -> None:
        self._database = database
        self._storage = storage
        self._publisher = publisher
        self._redis = redis_client
        self._settings = settings

    async def remove(self, job_id: str) -> None:
        """Remove a job's rows and let the stages stop; what cannot be done now is done later. ``NotFound``."""
        now = datetime.now(UTC)
        async with self._database.connection() as connection, connection.transaction():
            row = await connection.fetchrow(_MARK_REMOVED, job_id, now)
            if row is None:
                raise NotFound(f"there is no job {job_id!r}")
            # The sink takes the same lock: it has written a batch before this, or sees that the task is gone.
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", job_id)
            await connection.execute("INSERT INTO removed_tasks VALUES ($1, $2) ON CONFLICT DO NOTHING", job_id, now)
            await remove_task(connection, job_id)
        _log.info("job removed", task=job_id)

    async def tidy(self) -> None:
        """Finish removals, and remove uploads that came to nothing."""
        await asyncio.to_thread(sweep, self._settings.dir)
        now = datetime.now(UTC)
        unused = now - timedelta(hours=self._settings.keep_unused_h)
        async with self._database.connection() as connection:
            left = await connection.fetch(_LEFT_OVER, now - _STORING, unused)
            await connection.execute("DELETE FROM removed_tasks WHERE removed_at < $1", now - _REMEMBERED)
        for row in left:
            await self.remove(row["job_id"])
        async with self._database.connection() as connection:
            removed = await connection.fetch("SELECT * FROM jobs WHERE removed_at IS NOT NULL")
        for row in removed:
            await self.finish(row)

    async def finish_ended(self) -> None:
        """Finish the removals of jobs about which no stage says anything more."""
        async with self._database.connection() as connection:
            removed = await connection.fetch("SELECT * FROM jobs WHERE removed_at IS NOT NULL AND ended")
        for row in removed:
            await self.finish(row)

    async def finish_one(self, job_id: str) -> None:
        """Do the second step of one removal."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow("SELECT * FROM jobs WHERE job_id = $1 AND removed_at IS NOT NULL", job_id)
        if row is not None:
            await self.finish(row)

    async def finish(self, job: asyncpg.Record) -> None:
        """Stop the stages, remove the file and what Redis remembers; the row goes last, any step may come again."""
        job_id = job["job_id"]
        environment_id = records.environment_of(job_id)
        works = job["announced_at"] is not None and not job["ended"]
        if works:
            await self._stop(job_id, environment_id)
        await self._storage.remove(job["uri"])
        if works and datetime.now(UTC) - job["removed_at"] < _STOPPING:
            return
        await self._forget_appearances(environment_id)
        if job["announced_at"] is not None:
            await self._publisher.remove(ENVIRONMENTS, environment_id)
        async with self._database.connection() as connection:
            await rows.delete(connection, job_id)

    async def _stop(self, job_id: str, environment_id: str) -> None:
        command = Command(
            task_id=job_id,
            environment_id=environment_id,
            command_id=str(uuid.uuid5(uuid.NAMESPACE_OID, job_id)),
            command=CommandName.STOP,
        )
        await self._publisher.publish([(COMMANDS, command)])

    async def _forget_appearances(self, environment_id: str) -> None:
        keys = [key async for key in self._redis.scan_iter(f"spoton:gallery:{environment_id}:*", count=500)]
        if keys:
            await self._redis.delete(*keys)
