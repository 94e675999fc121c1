"""What was known when: tables and functions of the database against the rule, for random tasks and revisions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spoton_gateway.migrations import migrate
from spoton_gateway.sinks.writer import Arrival, Writer
from spoton_schemas.records import IdentityRevision, MapPoints

pytestmark = pytest.mark.integration

SAID_AT = datetime(2026, 1, 1, tzinfo=UTC)
TICKS = 6

IDENTITY = st.one_of(st.none(), st.integers(1, 4))
CHANGE = st.tuples(
    st.sampled_from([("c1", 1), ("c2", 11)]), st.integers(0, TICKS), st.integers(0, TICKS), IDENTITY, IDENTITY
)
TICK = st.tuples(IDENTITY, IDENTITY, st.booleans(), st.booleans(), st.integers(0, 2))


@dataclass(frozen=True)
class Story:
    """A task as its topics tell it, and how the sink gets it: what comes in a batch, and what comes again."""

    frames: Sequence[MapPoints]
    revisions: Sequence[IdentityRevision]
    batches: Sequence[Sequence[Any]]


def without_c2(person):
    """A box whose feet are hidden has an identity, but no part in the position."""
    return replace(person, camera_ids=("c1",)) if "c1" in person.camera_ids else person


@st.composite
def stories(draw, script):
    frames, newest = [], 0
    for tick, (one, other, foretold, hidden, news) in enumerate(draw(st.lists(TICK, min_size=1, max_size=TICKS))):
        newest += news
        frame = script.frame(tick, revision=newest, ids=(one, other))
        absent = {1, 2, 3, 4} - {one, other}
        guesses = tuple(script.person(i, tick, ()) for i in sorted(absent)) if foretold else ()
        seen = tuple(without_c2(person) if hidden else person for person in frame.people)
        frames.append(replace(frame, people=seen + guesses))
    changes = draw(st.lists(st.lists(CHANGE, min_size=1, max_size=3), max_size=6))
    revisions = [
        script.revision(number, *[(*track, min(a, b), max(a, b), old, new) for track, a, b, old, new in listed])
        for number, listed in enumerate(changes, 1)
    ]
    queues, arrived = [list(frames), list(revisions)], []
    while queues[0] or queues[1]:
        queue = queues[draw(st.integers(0, 1))] or queues[0] or queues[1]
        arrived.append(queue.pop(0))
    cuts = sorted(draw(st.sets(st.integers(0, len(arrived)), max_size=3)) | {0, len(arrived)})
    batches = [arrived[a:b] for a, b in pairwise(cuts)]
    again = draw(st.integers(0, len(batches)))
    return Story(frames, revisions, [*batches[:again], *batches[max(again - 2, 0) :]])


@pytest.fixture
async def writer(connection: asyncpg.Connection) -> Writer:
    await migrate(connection)
    writer = Writer(connection)
    await writer.prepare()
    return writer


async def found(connection, task_id, boxes, positions, column="global_id"):
    box_rows = await connection.fetch(
        f"SELECT camera_id, track_id, global_frame_index, {column} AS id FROM {boxes} WHERE task_id = $1",  # noqa: S608
        task_id,
    )
    position_rows = await connection.fetch(
        f"SELECT global_frame_index, live_global_id, {column} AS id FROM {positions} WHERE task_id = $1",  # noqa: S608
        task_id,
    )
    return (
        {(r["camera_id"], r["track_id"], r["global_frame_index"]): r["id"] for r in box_rows},
        {(r["global_frame_index"], r["live_global_id"]): r["id"] for r in position_rows},
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_every_revision_shows_what_was_known_after_it(connection, writer, new_script, known, data):
    script = new_script()
    story = data.draw(stories(script))
    for batch in [[script.start()], *story.batches]:
        await writer.write([Arrival(record, SAID_AT) for record in batch])

    task_id, newest = script.task_id, len(story.revisions)
    for revision in range(newest + 1):
        functions = (f"track_points_as_of($1, {revision})", f"person_positions_as_of($1, {revision})")
        expected = known.after(story.frames, story.revisions, revision)
        assert await found(connection, task_id, *functions) == (expected.boxes, expected.positions), revision
    # As of the newest revision is as it is now, and as of 0 is as it was published.
    tables = ("track_points", "person_positions")
    assert await found(connection, task_id, *functions) == await found(connection, task_id, *tables)
    functions = ("track_points_as_of($1, 0)", "person_positions_as_of($1, 0)")
    live = await found(connection, task_id, *tables, column="live_global_id")
    assert await found(connection, task_id, *functions) == live


async def test_a_foretold_position_follows_what_was_known_of_the_last_seen_one(connection, writer, script):
    away_and_back = [
        script.revision(1, ("c1", 1, 0, 0, 1, 5), ("c2", 11, 0, 0, 1, 5)),  # not where it was last seen
        script.revision(2, ("c1", 1, 1, 1, 1, 4), ("c2", 11, 1, 1, 1, 4)),
        script.revision(3, ("c1", 1, 1, 1, 4, 1), ("c2", 11, 1, 1, 4, 1)),
    ]
    frames = [script.frame(0), script.frame(1), script.foretold(2, 1)]
    await writer.write([Arrival(record, SAID_AT) for record in [script.start(), *frames, *away_and_back]])
    for revision, identities in enumerate([(1, 1, 1), (5, 1, 1), (5, 4, 4), (5, 1, 1)]):
        functions = (f"track_points_as_of($1, {revision})", f"person_positions_as_of($1, {revision})")
        _, positions = await found(connection, script.task_id, *functions)
        assert tuple(positions[tick, 1] for tick in range(3)) == identities, revision
