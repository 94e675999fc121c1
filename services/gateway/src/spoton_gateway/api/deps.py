"""What routes get: the parts that ``app.py`` put together."""

from collections.abc import AsyncIterator
from typing import Annotated

import asyncpg
from fastapi import Depends
from fastapi.requests import HTTPConnection
from spoton_common.storage import Storage

from spoton_gateway.database import Database
from spoton_gateway.health import HealthService
from spoton_gateway.kafka.environments import EnvironmentTable
from spoton_gateway.task_service import TaskService


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


Connection = Annotated[asyncpg.Connection, Depends(_connection)]
Tasks = Annotated[TaskService, Depends(_tasks)]
Environments = Annotated[EnvironmentTable, Depends(_environments)]
Files = Annotated[Storage, Depends(_storage)]
HealthReports = Annotated[HealthService, Depends(_health)]
