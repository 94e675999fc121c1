"""The sink's writing, on real PostgreSQL: whatever order and however often records come, the rows are the same."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from spoton_gateway.migrations import migrate, migrations
from spoton_gateway.sinks.writer import Arrival, Writer
from spoton_schemas.records import Outcome, Stage, StatusKind

pytestmark = pytest.mark.integration

SAID_AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def writer(connection: asyncpg.Connection) -> Writer:
    await migrate(connection)
    writer = Writer(connection)
    await writer.prepare()
    return writer


async def write(writer: Writer, *batches: Sequence[Any]) -> None:
    for batch in batches:
        await writer.write([Arrival(record, SAID_AT) for record in batch])


async def identities(connection: asyncpg.Connection, task_id: str) -> list[tuple[Any, ...]]:
    rows = await connection.fetch(
        "SELECT camera_id, global_frame_index, live_global_id, global_id FROM track_points WHERE task_id = $1"
        " ORDER BY camera_id, global_frame_index",
        task_id,
    )
    return [tuple(row) for row in rows]


async def positions(connection: asyncpg.Connection, task_id: str) -> list[tuple[Any, ...]]:
    rows = await connection.fetch(
        "SELECT global_frame_index, live_global_id, global_id FROM person_positions WHERE task_id = $1"
        " ORDER BY global_frame_index, live_global_id",
        task_id,
    )
    return [tuple(row) for row in rows]


@pytest.mark.usefixtures("writer")
async def test_migrations_run_once(connection):
    assert await migrate(connection) == []
    names = [row["name"] for row in await connection.fetch("SELECT name FROM schema_migrations ORDER BY name")]
    assert "001_tables" in names
    assert "002_pgvector" in names
    assert {m.name for m in migrations() if m.requires is None} <= set(names)


async def test_rows_carry_wall_clock_time_and_boxes(connection, writer, script):
    await write(writer, [script.start(), script.frame(3)])
    row = await connection.fetchrow(
        "SELECT * FROM track_points WHERE task_id = $1 AND camera_id = 'c2'", script.task_id
    )
    assert row["time"].timestamp() == pytest.approx(script.origin_us / 1e6 + 0.3)
    assert (row["x1_px"], row["y2_px"], row["x_m"]) == (13.0, 80.0, pytest.approx(0.3))
    assert row["track_id"] == 11


async def test_redelivery_changes_nothing(connection, writer, script):
    batch = [script.start(), script.frame(0), script.frame(1), script.end(2)]
    revision = script.revision(1, ("c1", 1, 0, 0, 1, 7))
    await write(writer, batch, [revision])
    before = (await identities(connection, script.task_id), await positions(connection, script.task_id))
    await write(writer, batch, [revision], [*batch, revision])
    assert (await identities(connection, script.task_id), await positions(connection, script.task_id)) == before


REVISIONS = {
    1: [("c1", 1, 0, 5, 1, 2), ("c2", 11, 0, 5, 1, 2)],
    2: [("c1", 1, 3, 9, 2, 3)],
    3: [("c1", 1, 4, 4, 3, None), ("c1", 1, 4, 4, None, 9)],
}


@pytest.mark.parametrize("order", ["frames first", "revisions first", "interleaved", "one batch"])
async def test_identities_do_not_depend_on_which_came_first(connection, writer, script, order):
    # Ticks from 5 on were published knowing revision 1: it must not touch them.
    frames = [script.frame(tick, revision=0 if tick < 5 else 1) for tick in range(8)]
    revisions = [script.revision(number, *changes) for number, changes in REVISIONS.items()]
    batches = {
        "frames first": [frames, *([r] for r in revisions)],
        "revisions first": [revisions, frames],
        "interleaved": [frames[:4], [revisions[0]], frames[4:6], revisions[1:], frames[6:]],
        "one batch": [[*revisions, *frames]],
    }[order]
    await write(writer, [script.start()], *batches)
    rows = await identities(connection, script.task_id)
    assert rows == [
        *[("c1", tick, 1, expected) for tick, expected in enumerate([2, 2, 2, 3, 9, 3, 3, 3])],
        *[("c2", tick, 1, expected) for tick, expected in enumerate([2, 2, 2, 2, 2, 1, 1, 1])],
    ]
    # Where both cameras agree the position follows; where they do not, it is nobody's.
    assert await positions(connection, script.task_id) == [
        (tick, 1, expected) for tick, expected in enumerate([2, 2, 2, None, None, None, None, None])
    ]


@pytest.mark.parametrize("late", [False, True])
async def test_a_foretold_position_follows_the_last_seen_one(connection, writer, script, late):
    seen, foretold = [script.frame(0)], [script.foretold(1, 1)]
    revision = script.revision(1, ("c1", 1, 0, 0, 1, 4), ("c2", 11, 0, 0, 1, 4))
    batches = [seen, [revision], foretold] if late else [seen, foretold, [revision]]
    await write(writer, [script.start()], *batches)
    assert await positions(connection, script.task_id) == [(0, 1, 4), (1, 1, 4)]


async def test_progress_never_goes_back(connection, writer, script):
    batch = [script.progress(Stage.MAPPER, None, 5), script.progress(Stage.MAPPER, None, 9, ended=True)]
    await write(writer, batch, batch[:1])
    row = await connection.fetchrow("SELECT * FROM task_progress WHERE task_id = $1", script.task_id)
    assert (row["frames_done"], row["ended"], row["camera_id"]) == (9, True, "")


async def test_a_task_whose_cameras_all_fail_before_any_picture_has_failed(connection, writer, script):
    async def outcome() -> str | None:
        return await connection.fetchval("SELECT outcome FROM tasks WHERE task_id = $1", script.task_id)

    await write(writer, [script.accepted(), script.camera_failed("c1", "unknown environment")])
    assert await outcome() is None
    await write(writer, [script.camera_failed("c2", "unknown environment")])
    assert await outcome() == "FAILED"


async def test_a_camera_that_fails_later_does_not_end_the_task(connection, writer, script):
    await write(
        writer,
        [
            script.accepted(),
            script.start(),
            script.camera_failed("c1", "corrupt"),
            script.camera_failed("c2", "corrupt"),
        ],
    )
    assert await connection.fetchval("SELECT outcome FROM tasks WHERE task_id = $1", script.task_id) is None
    await write(writer, [script.end(4, outcome=Outcome.FAILED)])
    assert await connection.fetchval("SELECT outcome FROM tasks WHERE task_id = $1", script.task_id) == "FAILED"


async def test_pause_and_resume(connection, writer, script):
    await write(writer, [script.accepted(), script.status(StatusKind.PAUSED)])
    assert await connection.fetchval("SELECT paused FROM tasks WHERE task_id = $1", script.task_id)
    await write(writer, [script.status(StatusKind.RESUMED)])
    assert not await connection.fetchval("SELECT paused FROM tasks WHERE task_id = $1", script.task_id)


async def test_a_zero_byte_in_a_name_is_refused_by_the_database(writer, script):
    with pytest.raises(asyncpg.DataError):
        await write(writer, [script.camera_failed("c1", "a\0b")])


async def test_a_start_that_is_said_again_does_not_reopen_an_ended_task(connection, writer, script):
    await write(writer, [script.start(), script.frame(0), script.end(1)], [script.start()])
    assert await connection.fetchval("SELECT outcome FROM tasks WHERE task_id = $1", script.task_id) == "COMPLETED"
