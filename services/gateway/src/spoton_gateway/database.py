"""The gateway's connections to PostgreSQL."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
from spoton_common.logging import get_logger

from spoton_gateway.errors import MigrationFailed, Unavailable
from spoton_gateway.migrations import migrate

_log = get_logger()

CONNECTION_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
"""What asyncpg raises when the server cannot serve now but may later: it is away, starts or stops, its disk is full, it
has too many clients, it ended a deadlock, another server is about to take its place, or it is so new that our role,
password or database is still to come. ``InternalClientError``: the server ended the session between two statements of a
transaction, and caught asyncpg between two states."""

_CONNECTING = "connecting"
_PAUSE_S = 2.0
_MAX_CONNECTIONS = 10
_CHECK_TIMEOUT_S = 2.0


class Database:
    """A pool that comes up by itself once the server is there and migrated."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool | None = None
        self._opening: asyncio.Task[None] | None = None
        self._trouble = _CONNECTING

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._opening = asyncio.create_task(self._open())

    async def stop(self) -> None:
        """Close all connections."""
        if self._opening is not None:
            self._opening.cancel()
            with suppress(asyncio.CancelledError):
                await self._opening
        if self._pool is not None:
            with suppress(*CONNECTION_ERRORS):
                await asyncio.wait_for(self._pool.close(), _CHECK_TIMEOUT_S)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend a connection; ``Unavailable`` if there is none to be had."""
        if self._pool is None:
            raise Unavailable("database", self._trouble)
        try:
            async with self._pool.acquire(timeout=_CHECK_TIMEOUT_S * 5) as connection:
                yield connection
        except CONNECTION_ERRORS as error:
            raise Unavailable("database", str(error) or type(error).__name__) from error

    async def check(self) -> None:
        """``Unavailable`` unless the server answers and the migrations have run."""
        async with self.connection() as connection:
            await connection.fetchval("SELECT 1", timeout=_CHECK_TIMEOUT_S)

    async def _open(self) -> None:
        while self._pool is None:
            try:
                connection = await asyncpg.connect(self._url, timeout=10)
                try:
                    await migrate(connection)
                finally:
                    await connection.close()
                self._pool = await asyncpg.create_pool(self._url, min_size=1, max_size=_MAX_CONNECTIONS)
            except (*CONNECTION_ERRORS, asyncpg.PostgresError, MigrationFailed) as error:
                if self._trouble == _CONNECTING:
                    _log.warning("database not ready, trying again", error=str(error))
                self._trouble = str(error) or type(error).__name__
                await asyncio.sleep(random.uniform(_PAUSE_S / 2, _PAUSE_S))  # noqa: S311 (jitter)
        _log.info("database ready")
