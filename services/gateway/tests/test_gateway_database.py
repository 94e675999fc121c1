"""What the database's client raises when a session ends at a bad moment, on real PostgreSQL."""

import asyncpg
import pytest
from spoton_gateway.database import CONNECTION_ERRORS

pytestmark = pytest.mark.integration

SESSIONS = 40
"""Each ends in the middle of a transaction; about one in five catches the client between two states."""


async def test_a_session_that_ends_in_a_transaction_counts_as_a_database_that_is_away(
    database_url: str, connection: asyncpg.Connection
) -> None:
    raised: list[Exception] = []
    for _ in range(SESSIONS):
        doomed = await asyncpg.connect(database_url)
        await doomed.execute("BEGIN")
        await connection.fetchval("SELECT pg_terminate_backend($1)", doomed.get_server_pid())
        with pytest.raises(Exception) as caught:  # noqa: PT011 (which ones it may be is asserted below)
            await doomed.execute("SELECT 1")
        raised.append(caught.value)
        doomed.terminate()
    assert [error for error in raised if not isinstance(error, CONNECTION_ERRORS)] == []
