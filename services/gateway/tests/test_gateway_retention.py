"""Removal of old tasks, on real PostgreSQL."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from spoton_gateway.migrations import migrate, migrations
from spoton_gateway.sinks.retention import _TABLES, Retention
from spoton_gateway.sinks.writer import Arrival, Writer

ENDED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_nothing_is_removed_unless_asked_for():
    assert not Retention(None).due(ENDED_AT)
    assert Retention(1).due(ENDED_AT)


def test_no_migration_drops_rows_by_the_age_of_the_footage():
    assert not [m.name for m in migrations() if "add_retention_policy" in m.sql]


@pytest.mark.integration
async def test_tasks_go_with_all_that_is_theirs_once_they_ended_long_ago(connection: asyncpg.Connection, script):
    await migrate(connection)
    writer = Writer(connection)
    await writer.prepare()
    # The footage is of 2023, far older than what is kept: only the end of the task counts.
    records = [script.start(), script.frame(3), script.revision(1, ("c1", 1, 0, 9, 1, 2)), script.end(10)]
    await writer.write([Arrival(record, ENDED_AT) for record in records])
    retention = Retention(keep_days=30)
    assert await retention.apply(connection, ENDED_AT + timedelta(days=30)) == []
    assert await connection.fetchval("SELECT count(*) FROM track_points") > 0

    later = ENDED_AT + timedelta(days=30, seconds=1)
    assert not retention.due(later)
    assert retention.due(later + timedelta(hours=1))
    assert await retention.apply(connection, later) == [script.task_id]
    for table in _TABLES:
        left = await connection.fetch(f"SELECT FROM {table} WHERE task_id = $1", script.task_id)
        assert left == []


@pytest.mark.integration
async def test_every_table_with_tasks_is_covered(connection: asyncpg.Connection):
    await migrate(connection)
    found = await connection.fetch(
        "SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_name)"
        " WHERE c.table_schema = 'public' AND c.column_name = 'task_id' AND t.table_type = 'BASE TABLE'"
        " AND t.table_schema = 'public'"
    )
    assert {row["table_name"] for row in found} == set(_TABLES)
