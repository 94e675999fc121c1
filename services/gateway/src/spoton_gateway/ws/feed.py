"""The messages of one task, read once and sent to all its clients."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from spoton_gateway.errors import GatewayError


class FellBehind(GatewayError):
    """A client was slower than the log is long."""


class FeedFailed(GatewayError):
    """The reader of the feed has failed."""


@dataclass(frozen=True, slots=True)
class FeedMessage:
    """A message as JSON text without its end, to which each connection adds its own part; see ``text``."""

    cursor: str
    head: str

    def text(self, seq: int, sent_us: int) -> str:
        """Return the whole message for one connection, which sends it now (µs since 1970)."""
        return f'{self.head},"seq":{seq},"sent_us":{sent_us}}}'


class Feed:
    """A bounded log of messages.

    While it reads the past it has one client and waits for it; once it is live it can be shared, waits for nobody and
    forgets the oldest messages, and clients that still needed those have fallen behind. For use in one event loop.
    """

    def __init__(self, capacity: int, *, from_beginning: bool) -> None:
        self._capacity = capacity
        self._from_beginning = from_beginning
        self._log: list[FeedMessage] = []
        self._first = 0
        self._places: dict[int, int] = {}
        self._next_client = 0
        self._live = False
        self._ended = False
        self._failure: GatewayError | None = None
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
    def shared(self) -> bool:
        """Whether further clients may join: a client that reads the past sets the pace."""
        return self._live or self._ended

    def place_after(self, cursor: str | None) -> int | None:
        """Return where a client with that cursor goes on (None: the beginning), or None if the log has lost it.

        Who comes back after the last message gets it once more: it says that the task is over.
        """
        if cursor is None:
            return 0 if self._from_beginning and self._first == 0 else None
        for index in range(len(self._log) - 1, -1, -1):
            if self._log[index].cursor == cursor:
                is_last = self._ended and index == len(self._log) - 1
                return self._first + index + (0 if is_last else 1)
        return None

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
        self._wake()

    async def put(self, messages: Sequence[FeedMessage]) -> None:
        """Add messages; while the past is read, wait until the client has read most of those before."""
        step = max(self._capacity // 4, 1)
        for start in range(0, len(messages), step):
            while not self._live and self._lead() > self._capacity // 2:
                self._moved.clear()
                await self._moved.wait()
            self._append(messages[start : start + step])

    def _append(self, messages: Sequence[FeedMessage]) -> None:
        self._log += messages
        if len(self._log) > self._capacity + self._capacity // 4:
            surplus = len(self._log) - self._capacity
            del self._log[:surplus]
            self._first += surplus
        self._wake()

    async def read(self, place: int) -> AsyncGenerator[FeedMessage, None]:
        """Yield messages from a place on, until the end.

        ``FellBehind`` if the log no longer has the next one; what the reader gave as reason if reading has failed.
        """
        client = self._next_client
        self._next_client += 1
        self._places[client] = place
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
                    yield message
                if self._failure is not None:
                    raise self._failure
                if self._ended:
                    return
                changed = self._changed
                await changed.wait()
        finally:
            del self._places[client]
            self._moved.set()

    def _lead(self) -> int:
        """Return how far the log is ahead of its client; before there is one it may fill up."""
        return self._first + len(self._log) - max(self._places.values(), default=0)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
