"""Jobs for the routes: queue, look, remove."""

from contextlib import suppress
from datetime import UTC, datetime

import redis.asyncio as redis
from spoton_common.logging import get_logger
from spoton_common.storage import StorageError

from spoton_gateway.api.job_models import BriefEvents, Job, JobPage, JobStatus
from spoton_gateway.database import Database
from spoton_gateway.errors import Unavailable
from spoton_gateway.jobs import rows, views
from spoton_gateway.jobs.dispatcher import Dispatcher
from spoton_gateway.jobs.housekeeping import Housekeeping

_log = get_logger()


class JobService:
    """Everything it says comes from the database: any gateway can be asked, and be killed."""

    def __init__(self, database: Database, dispatcher: Dispatcher, housekeeping: Housekeeping) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._housekeeping = housekeeping

    async def queue(self, file_key: str) -> Job:
        """Let an upload be processed in its turn; asked again, it is the same job. ``NotFound``."""
        async with self._database.connection() as connection:
            job_id = await rows.queue(connection, file_key, datetime.now(UTC))
            queued = await views.job(connection, job_id)
        self._dispatcher.wake()
        return queued

    async def job(self, job_id: str) -> Job:
        """Tell how far a job is; ``NotFound``."""
        async with self._database.connection() as connection:
            return await views.job(connection, job_id)

    async def page(self, status: JobStatus | None, cursor: str | None, skip: int, limit: int) -> JobPage:
        """List jobs, newest first; ``BadCursor``."""
        async with self._database.connection() as connection:
            return await views.page(connection, status, cursor, skip, limit)

    async def events(self, job_id: str) -> BriefEvents:
        """Tell what happened in a job's video; ``NotFound``."""
        async with self._database.connection() as connection:
            return await views.events(connection, job_id)

    async def remove(self, job_id: str) -> None:
        """Stop a job and remove all of it; ``NotFound``.

        When this returns the job is gone for everybody. A stage, the file or Redis that cannot be reached now is
        tried again by the housekeeping.
        """
        await self._housekeeping.remove(job_id)
        self._dispatcher.wake()
        with suppress(Unavailable, StorageError, redis.RedisError, OSError):
            await self._housekeeping.finish_one(job_id)
