"""What routes get: the parts that ``app.py`` put together."""

from collections.abc import AsyncIterator
from typing import Annotated

import asyncpg
from fastapi import Depends, Header
from fastapi.requests import HTTPConnection
from spoton_common.storage import Storage

from spoton_gateway.database import Database
from spoton_gateway.health import HealthService
from spoton_gateway.jobs.service import JobService
from spoton_gateway.kafka.environments import EnvironmentTable
from spoton_gateway.task_service import TaskService
from spoton_gateway.uploads.service import UploadService
from spoton_gateway.videos.service import VideoService


async def _connection(http: HTTPConnection) -> AsyncIterator[asyncpg.Connection]:
    database: Database = http.app.state.database
    async with database.connection() as connection:
        yield connection


def _tasks(http: HTTPConnection) -> TaskService:
    service: TaskService = http.app.state.tasks
    return service


def _environments(http: HTTPConnection) -> EnvironmentTable:
    table: EnvironmentTable = http.app.state.environments
    return table


def _storage(http: HTTPConnection) -> Storage:
    storage: Storage = http.app.state.storage
    return storage


def _health(http: HTTPConnection) -> HealthService:
    service: HealthService = http.app.state.health
    return service


def _uploads(http: HTTPConnection) -> UploadService:
    service: UploadService = http.app.state.uploads
    return service


def _jobs(http: HTTPConnection) -> JobService:
    service: JobService = http.app.state.jobs
    return service


def _videos(http: HTTPConnection) -> VideoService:
    service: VideoService = http.app.state.videos
    return service


def _user(
    x_spoton_user: Annotated[
        str, Header(description="Whose jobs share a place in the queue", pattern=r"^[A-Za-z0-9_.@+-]{1,64}$")
    ] = "anonymous",
) -> str:
    """Return who asks, as the client says: it decides about turns only, until there is access control."""
    return x_spoton_user


Connection = Annotated[asyncpg.Connection, Depends(_connection)]
Tasks = Annotated[TaskService, Depends(_tasks)]
Environments = Annotated[EnvironmentTable, Depends(_environments)]
Files = Annotated[Storage, Depends(_storage)]
Uploads = Annotated[UploadService, Depends(_uploads)]
Jobs = Annotated[JobService, Depends(_jobs)]
Videos = Annotated[VideoService, Depends(_videos)]
User = Annotated[str, Depends(_user)]
HealthReports = Annotated[HealthService, Depends(_health)]
