"""Who looks like whom, on real PostgreSQL with pgvector."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY
from spoton_gateway.errors import NotFound, Unavailable
from spoton_gateway.migrations import migrate
from spoton_gateway.queries.appearances import similar
from spoton_gateway.sinks.retention import Retention
from spoton_gateway.sinks.writer import Arrival, Writer

pytestmark = pytest.mark.integration

SAID_AT = datetime(2026, 1, 1, tzinfo=UTC)
RED, REDDISH, BLUE = (1.0, 0.0), (0.8, 0.6), (0.0, 1.0)


@pytest.fixture
async def writer(connection: asyncpg.Connection) -> Writer:
    await migrate(connection)
    await connection.execute("TRUNCATE identity_appearances, tasks, track_points")
    writer = Writer(connection)
    await writer.prepare()
    return writer


async def write(writer: Writer, *batches: Sequence[Any]) -> None:
    for batch in batches:
        await writer.write([Arrival(record, SAID_AT) for record in batch])


async def alike(connection, script, global_id, *, environment_id=None, since=None, limit=20):
    return (await similar(connection, script.task_id, global_id, environment_id, since, limit)).items


async def stored(connection, task_id) -> list[tuple[int, int]]:
    rows = await connection.fetch(
        "SELECT global_id, global_frame_index FROM identity_appearances WHERE task_id = $1 ORDER BY 1", task_id
    )
    return [tuple(row) for row in rows]


async def test_whoever_looks_alike_is_found_best_first(connection, writer, new_script):
    one, other = new_script(), new_script()
    await write(
        writer,
        [one.start(), one.frame(0, ids=(1, 2)), one.appearance(1, 0, RED), one.appearance(2, 0, BLUE)],
        [other.start(), other.frame(4, ids=(7, 8)), other.appearance(7, 4, REDDISH), other.appearance(8, 4, RED)],
    )
    found = await alike(connection, one, 1)
    assert [(a.task_id, a.global_id) for a in found] == [(other.task_id, 8), (other.task_id, 7), (one.task_id, 2)]
    assert [a.cosine for a in found] == [pytest.approx(c, abs=1e-6) for c in (1.0, 0.8, 0.0)]
    assert found[0].last_seen == datetime.fromtimestamp(other.origin_us / 1e6, UTC) + timedelta(seconds=0.4)
    assert (found[0].environment_id, found[0].global_frame_index, found[0].crops) == ("yard", 4, 5.0)
    assert [a.global_id for a in await alike(connection, one, 1, limit=1)] == [8]


async def test_environment_time_and_network_narrow_the_search(connection, writer, new_script):
    here, there, later = new_script(), new_script(environment_id="hall"), new_script(origin_us=1_800_000_000_000_000)
    for script in (here, there, later):
        await write(writer, [script.start(), script.frame(0, ids=(1, 2)), script.appearance(1, 0, RED)])
    await write(writer, [here.appearance(2, 0, RED, model="shapes"), there.appearance(2, 0, (1.0, 0.0, 0.0))])
    assert {a.task_id for a in await alike(connection, here, 1)} == {there.task_id, later.task_id}
    assert [a.task_id for a in await alike(connection, here, 1, environment_id="hall")] == [there.task_id]
    since = datetime(2025, 1, 1, tzinfo=UTC)
    assert [a.task_id for a in await alike(connection, here, 1, since=since)] == [later.task_id]
    assert await alike(connection, here, 2) == []


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0, 1]])
async def test_the_newest_appearance_counts_whatever_comes_again(connection, writer, script, order):
    told = [script.appearance(1, 0, BLUE), script.appearance(1, 5, BLUE), script.appearance(1, 9, RED)]
    await write(writer, [script.start(), script.frame(0)], *[[told[i]] for i in order])
    assert await stored(connection, script.task_id) == [(1, 9)]
    vector = await connection.fetchval("SELECT embedding::text FROM identity_appearances")
    assert vector == "[1,0]"


@pytest.mark.parametrize("order", ["told first", "revised first", "ended first"])
async def test_a_merged_identity_leaves_nothing(connection, writer, script, new_script, order):
    looks = [script.appearance(1, 0, RED), script.appearance(2, 0, REDDISH)]
    frames = [script.start(), script.frame(0, ids=(1, 2)), script.frame(1, revision=1, ids=(1, 1))]
    merged = [script.revision(1, ("c2", 11, 0, 0, 2, 1))]
    end = [script.end(2, revision=1)]
    batches = {
        "told first": [looks, frames, merged, end],
        "revised first": [merged, looks, frames, end],
        "ended first": [frames, end, merged, looks],
    }[order]
    other = new_script()
    await write(writer, [other.start(), other.frame(0), other.appearance(1, 0, RED)], *batches)
    assert await stored(connection, script.task_id) == [(1, 0)]
    assert {(a.task_id, a.global_id) for a in await alike(connection, other, 1)} == {(script.task_id, 1)}


async def test_a_merged_identity_is_not_found_while_its_task_runs(connection, writer, script):
    looks = [script.appearance(1, 0, RED), script.appearance(2, 0, REDDISH)]
    await write(writer, [script.start(), *looks])
    with pytest.raises(NotFound):  # its boxes are still on their way
        await alike(connection, script, 1)
    await write(writer, [script.frame(0, ids=(1, 2))])
    assert [a.global_id for a in await alike(connection, script, 1)] == [2]
    await write(writer, [script.revision(1, ("c2", 11, 0, 0, 2, 1))])
    assert await alike(connection, script, 1) == []
    with pytest.raises(NotFound, match="person 2"):
        await alike(connection, script, 2)
    # It may come back: nothing is removed before the end.
    await write(writer, [script.revision(2, ("c2", 11, 0, 0, 1, 2))])
    assert [a.global_id for a in await alike(connection, script, 1)] == [2]


async def test_an_appearance_that_points_nowhere_cannot_be_stored(writer, script):
    with pytest.raises(asyncpg.CheckViolationError):
        await write(writer, [script.appearance(1, 0, (0.0, 0.0))])


async def test_appearances_go_with_their_task(connection, writer, script):
    await write(writer, [script.start(), script.frame(0), script.appearance(1, 0, RED), script.end(1)])
    assert await Retention(1).apply(connection, SAID_AT + timedelta(days=2)) == [script.task_id]
    assert await stored(connection, script.task_id) == []


async def test_without_pgvector_all_else_works(connection, writer, script):
    """As on a server that does not have the extension: its migration has not run, and its table is not there."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("DROP TABLE identity_appearances")
        await writer.prepare()
        labels = {"stage": "sink", "reason": "no_pgvector"}
        before = REGISTRY.get_sample_value("spoton_dropped_total", labels) or 0
        await write(writer, [script.start(), script.frame(0), script.appearance(1, 0, RED), script.end(1)])
        assert REGISTRY.get_sample_value("spoton_dropped_total", labels) == before + 1
        with pytest.raises(Unavailable, match="pgvector"):
            await alike(connection, script, 1)
        assert await Retention(1).apply(connection, SAID_AT + timedelta(days=2)) == [script.task_id]
    finally:
        await transaction.rollback()
