"""The log of a task's messages, which many clients read: places, paces and what is forgotten."""

import asyncio
import json

import pytest
from spoton_gateway.errors import BadCursor
from spoton_gateway.ws.cursor import Cursor, Source
from spoton_gateway.ws.feed import Feed, FeedMessage, FellBehind
from spoton_schemas.topics import EVENTS, MAP_POINTS, TASK_STATUS

START = Cursor(0, 0, 0, 0)
LIMIT = Cursor(1000, 1000, 1000, 1000)
SIZE = 100  # bytes of a message's head


def message(topic: str, offset: int, before: Cursor) -> FeedMessage:
    head = f'{{"type":"x","payload":"{topic}@{offset}"'
    return FeedMessage(head.ljust(SIZE), before.at(topic, offset + 1), Source(topic, offset))


def messages_of(*records: tuple[str, int]) -> list[FeedMessage]:
    """Make a message of each record, in the order in which a feed tells them."""
    found, cursor = [], START
    for topic, offset in records:
        found.append(message(topic, offset, cursor))
        cursor = found[-1].cursor
    return found


def ticks(count: int) -> list[FeedMessage]:
    return messages_of(*[(MAP_POINTS.name, number) for number in range(count)])


def new_feed(capacity: int = 100 * SIZE) -> Feed:
    feed = Feed(capacity)
    feed.open(START, LIMIT, from_beginning=True)
    return feed


async def read_all(feed: Feed, cursor: Cursor | None) -> list[tuple[Source | None, Cursor]]:
    return [(message.source, at) async for message, at in feed.read(cursor)]


def test_cursors_know_what_a_client_has_had():
    cursor = Cursor(5, 7, 0, 0, sent=1)
    assert cursor.covers(Source(MAP_POINTS.name, 4))
    assert not cursor.covers(Source(MAP_POINTS.name, 5))
    assert cursor.covers(Source(TASK_STATUS.name, 7, 0))
    assert not cursor.covers(Source(TASK_STATUS.name, 7, 1))
    assert cursor.reaches(Cursor(5, 7, 0, 0))
    assert not cursor.reaches(Cursor(5, 7, 0, 0, sent=2))
    assert not cursor.reaches(Cursor(0, 0, 0, 1))
    assert cursor.joined(Cursor(6, 6, 0, 1, sent=9)) == Cursor(6, 7, 0, 1, sent=1)


def test_a_message_is_the_same_for_everyone_but_for_its_number():
    [only] = ticks(1)
    assert json.loads(only.text(3, 7)) == {
        "type": "x",
        "payload": "map-points@0",
        "cursor": "1.0.0.0.0",
        "seq": 3,
        "sent_us": 7,
    }
    assert json.loads(only.text(1, 7, Cursor(9, 9, 9, 9)))["cursor"] == "9.9.9.9.0"


async def test_a_client_goes_on_where_it_was_in_whatever_order_the_feed_tells():
    """It had the third tick and no event; the feed tells the event first."""
    told = messages_of((MAP_POINTS.name, 0), (EVENTS.name, 0), (MAP_POINTS.name, 1), (MAP_POINTS.name, 2))
    feed = new_feed()
    await feed.put(told)
    feed.end()
    stands = Cursor(2, 0, 0, 0)
    assert feed.serves(stands)
    assert await read_all(feed, stands) == [
        (Source(EVENTS.name, 0), Cursor(2, 0, 0, 1)),  # not behind where it stood
        (Source(MAP_POINTS.name, 2), Cursor(3, 0, 0, 1)),
    ]


async def test_every_place_of_a_long_log_is_found():
    feed, told = new_feed(), ticks(50)
    await feed.put(told)
    feed.end()
    for number, one in enumerate(told):
        assert [source for source, _ in await read_all(feed, one.cursor)] == [m.source for m in told[number + 1 :]]
    assert len(await read_all(feed, None)) == 50


async def test_a_feed_serves_only_whom_it_can():
    feed = Feed(10 * SIZE)
    assert not feed.serves(None)
    feed.open(Cursor(5, 0, 0, 0), Cursor(50, 9, 9, 9), from_beginning=False)
    assert not feed.serves(None)
    assert not feed.serves(Cursor(4, 9, 9, 9))  # before its beginning
    assert not feed.serves(Cursor(51, 0, 0, 0))  # ahead of Kafka
    assert feed.serves(Cursor(5, 0, 0, 0))
    feed.go_live()
    await feed.put(ticks(60)[5:])
    assert feed.serves(Cursor(60, 0, 0, 0))
    assert not feed.serves(Cursor(6, 0, 0, 0))  # forgotten by now


async def test_a_reader_of_the_past_waits_for_its_fastest_client():
    feed = new_feed(8 * SIZE)
    putting = asyncio.create_task(feed.put(ticks(40)))
    await asyncio.sleep(0)
    assert not putting.done()
    slow, found = feed.read(None), []
    await anext(slow)
    async for one, _ in feed.read(None):
        found.append(one.source.offset)
        if len(found) == 40:
            break
        await asyncio.sleep(0)
    await putting
    assert found == list(range(40))
    with pytest.raises(FellBehind):
        [_ async for _ in slow]


async def test_a_live_feed_waits_for_nobody_and_keeps_what_it_may():
    feed = new_feed(8 * SIZE)
    feed.go_live()
    reading = feed.read(None)
    await feed.put(ticks(1))
    await anext(reading)
    await feed.put(ticks(40)[1:])
    assert not feed.serves(None)
    assert sum(feed.serves(one.cursor) for one in ticks(40)) in range(8, 12)
    with pytest.raises(FellBehind):
        await anext(reading)


async def test_who_comes_back_after_the_end_gets_the_last_message_again():
    feed, told = new_feed(), ticks(3)
    await feed.put([*told, FeedMessage('{"type":"over"', told[-1].cursor, None)])
    feed.end()
    assert [source for source, _ in await read_all(feed, told[-1].cursor)] == [None]
    assert [source for source, _ in await read_all(feed, told[1].cursor)] == [told[2].source, None]


async def test_clients_are_told_when_reading_fails():
    feed = Feed(10 * SIZE)
    feed.fail(BadCursor("ahead"))
    await asyncio.wait_for(feed.opened(), 1)
    with pytest.raises(BadCursor):
        await read_all(feed, None)
