"""The messages of one task, read and written as JSON once and sent to all its clients."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from spoton_gateway.errors import GatewayError
from spoton_gateway.ws.cursor import Cursor, Source


class FellBehind(GatewayError):
    """A client was slower than the log is long."""


class FeedFailed(GatewayError):
    """The reader of the feed has failed."""


@dataclass(frozen=True, slots=True)
class FeedMessage:
    """A message as JSON text without its end, to which each connection adds its own part; see ``text``.

    ``cursor`` is where a client stands that has had it and everything before; ``source`` is the record that it was made
    of (None: it tells that the task is over).
    """

    head: str
    cursor: Cursor
    source: Source | None

    def text(self, seq: int, sent_us: int, cursor: Cursor | None = None) -> str:
        """Return the whole message for one connection, which sends it now (µs since 1970).

        ``cursor`` if that client is ahead in some topic.
        """
        return f'{self.head},"cursor":"{cursor or self.cursor}","seq":{seq},"sent_us":{sent_us}}}'


class Feed:
    """A log of messages, bounded in bytes, which many clients read.

    While it reads the past it waits for the fastest of its clients; once it is live it waits for nobody. It forgets the
    oldest messages, and clients that still needed those have fallen behind. For use in one event loop.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity = capacity_bytes
        self._log: list[FeedMessage] = []
        self._ends: list[int] = []  # bytes of all messages up to and including the one of the same index
        self._first = 0
        self._start: Cursor | None = None  # where one stands who has had everything before the log
        self._limit: Cursor | None = None
        self._forgot = False
        self._from_beginning = False
        self._places: dict[int, int] = {}
        self._next_client = 0
        self._live = False
        self._failure: GatewayError | None = None
        self._ended = False
        self._opened = asyncio.Event()
        self._changed = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def clients(self) -> int:
        """How many clients are reading."""
        return len(self._places)

    @property
    def failed(self) -> bool:
        """Whether reading has failed."""
        return self._failure is not None

    @property
    def is_open(self) -> bool:
        """Whether it is known which clients can be served."""
        return self._opened.is_set()

    async def opened(self) -> None:
        """Wait until it is known which clients can be served."""
        await self._opened.wait()

    def open(self, start: Cursor, limit: Cursor, *, from_beginning: bool) -> None:
        """Begin at ``start``; Kafka holds records up to ``limit`` now."""
        self._start, self._limit, self._from_beginning = start, limit, from_beginning
        self._opened.set()

    def serves(self, cursor: Cursor | None) -> bool:
        """Tell whether a client that stands at a cursor (None: at the beginning) can go on from here."""
        if self._start is None or self._limit is None:
            return False
        if cursor is None:
            return self._from_beginning and not self._forgot
        return cursor.reaches(self._start) and self._limit.reaches(cursor)

    def go_live(self) -> None:
        """The past has been read."""
        self._live = True
        self._moved.set()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._wake()

    def fail(self, reason: GatewayError) -> None:
        """Reading has failed; clients may come again."""
        self._failure = reason
        self._opened.set()
        self._wake()

    async def put(self, messages: Sequence[FeedMessage]) -> None:
        """Add messages; while the past is read, wait until a client has read most of those before."""
        for message in messages:
            while not self._live and self._lead() > self._capacity // 2:
                self._wake()
                self._moved.clear()
                await self._moved.wait()
            self._append(message)
        self._wake()

    def _append(self, message: FeedMessage) -> None:
        self._ends.append((self._ends[-1] if self._ends else 0) + len(message.head))
        self._log.append(message)
        if self._limit is not None:
            self._limit = self._limit.joined(message.cursor)
        if self._ends[-1] - self._ends[0] > self._capacity + self._capacity // 4:
            surplus = bisect_right(self._ends, self._ends[-1] - self._capacity)
            self._start, self._forgot = self._log[surplus - 1].cursor, True
            del self._log[:surplus], self._ends[:surplus]
            self._first += surplus

    async def read(self, cursor: Cursor | None) -> AsyncGenerator[tuple[FeedMessage, Cursor], None]:
        """Yield the messages that a client at ``cursor`` has not had, until the end, and where it stands after each.

        ``FellBehind`` if the log no longer has the next one; what the reader gave as reason if reading has failed.
        """
        client = self._next_client
        self._next_client += 1
        place = self._places[client] = self._place_after(cursor)
        self._moved.set()
        try:
            while True:
                while place < self._first + len(self._log):
                    if place < self._first:
                        raise FellBehind("too slow")
                    message = self._log[place - self._first]
                    place += 1
                    self._places[client] = place
                    self._moved.set()
                    if cursor is None:
                        yield message, message.cursor
                    elif message.source is None or not cursor.covers(message.source):
                        yield message, message.cursor.joined(cursor)
                    if cursor is not None and message.cursor.reaches(cursor):
                        cursor = None  # from here on the feed's order is the client's
                if self._failure is not None:
                    raise self._failure
                if self._ended:
                    return
                await self._changed.wait()
        finally:
            del self._places[client]
            self._moved.set()

    def _place_after(self, cursor: Cursor | None) -> int:
        """Return the place of the first message that a client may not have had."""
        if cursor is None:
            return self._first
        # Cursors only grow along the log.
        low, high = 0, len(self._log)
        while low < high:
            middle = (low + high) // 2
            message = self._log[middle]
            if message.source is not None and cursor.reaches(message.cursor):
                low = middle + 1
            else:
                high = middle
        return self._first + low

    def _lead(self) -> int:
        """Return by how many bytes the log is ahead of its fastest client; before there is one it may fill up."""
        if not self._log:
            return 0
        newest = max(self._places.values(), default=0) - self._first
        return self._ends[-1] - (self._ends[newest - 1] if newest > 0 else self._ends[0])

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
