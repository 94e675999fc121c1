"""Who watches which task."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass

from spoton_common import metrics
from spoton_common.tracing import Tracing
from spoton_schemas.codec import Codec

from spoton_gateway.errors import TooMany
from spoton_gateway.ws.cursor import Cursor
from spoton_gateway.ws.feed import Feed, FeedMessage
from spoton_gateway.ws.reader import STAGE, TaskReader, Watched

_LINGER_S = 30.0  # a feed outlives its last client for this long: pages reload, connections break

Messages = AsyncGenerator[tuple[FeedMessage, Cursor], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process takes on."""

    clients: int
    readers: int
    log_bytes: int


@dataclass(slots=True, eq=False)
class _Open:
    """A feed that is being read, by so many clients; ``closing`` once there are none."""

    feed: Feed
    reader: TaskReader
    clients: int = 0
    closing: asyncio.Task[None] | None = None


class Hub:
    """Opens a feed for each watched task and shares it; who needs what it no longer holds reads that from a new one."""

    def __init__(
        self,
        find_task: Callable[[str], Awaitable[Watched]],
        bootstrap: str,
        make_codec: Callable[[], Codec],
        limits: Limits,
        tracing: Tracing,
    ) -> None:
        self._find_task = find_task
        self._bootstrap = bootstrap
        self._make_codec = make_codec
        self._limits = limits
        self._tracing = tracing
        self._open: dict[str, list[_Open]] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._clients = 0

    @asynccontextmanager
    async def watch(self, task_id: str, cursor_text: str | None) -> AsyncIterator[Messages]:
        """Give a task's messages from the beginning, or from a cursor on.

        ``NotFound`` for an unknown task, ``BadCursor``, ``TooMany``, ``Unavailable`` while the database is away.
        """
        cursor = Cursor.parse(cursor_text) if cursor_text else None
        with self._counted():
            watched = await self._find_task(task_id)
            opened = await self._join(watched, cursor)
            try:
                async with aclosing(opened.feed.read(cursor)) as messages:
                    yield messages
            finally:
                self._leave(watched.task_id, opened)

    async def stop(self) -> None:
        """Close all feeds."""
        everything = [opened for group in self._open.values() for opened in group]
        self._open.clear()
        for opened in everything:
            if opened.closing is not None:
                opened.closing.cancel()
        await asyncio.gather(*(opened.reader.stop() for opened in everything))

    @contextmanager
    def _counted(self) -> Iterator[None]:
        if self._clients >= self._limits.clients:
            raise TooMany(f"this gateway serves {self._clients} clients, as many as it may: try again later")
        self._clients += 1
        metrics.WEBSOCKET_CLIENTS.labels(STAGE).set(self._clients)
        try:
            yield
        finally:
            self._clients -= 1
            metrics.WEBSOCKET_CLIENTS.labels(STAGE).set(self._clients)

    async def _join(self, watched: Watched, cursor: Cursor | None) -> _Open:
        """Find the feed that serves a client, or open one, and take a place in it."""
        while True:
            group = self._open.setdefault(watched.task_id, [])
            unknown = next((opened for opened in group if not opened.feed.is_open), None)
            if unknown is None:
                break
            await unknown.feed.opened()
        # From here on nothing waits: what was found holds until the place is taken.
        serving = [o for o in group if o.feed.serves(cursor) and not o.feed.failed]
        opened = serving[0] if serving else self._begin(watched, cursor)
        opened.clients += 1
        if opened.closing is not None:
            opened.closing.cancel()
            opened.closing = None
        return opened

    def _begin(self, watched: Watched, cursor: Cursor | None) -> _Open:
        self._make_room()
        feed = Feed(self._limits.log_bytes)
        loop = asyncio.get_running_loop()
        reader = TaskReader(watched, cursor, feed, loop, self._bootstrap, self._make_codec, self._tracing)
        reader.start()
        opened = _Open(feed, reader)
        self._open.setdefault(watched.task_id, []).append(opened)
        metrics.WEBSOCKET_READERS.labels(STAGE).set(self._readers)
        return opened

    @property
    def _readers(self) -> int:
        return sum(map(len, self._open.values()))

    def _make_room(self) -> None:
        """Close a feed that nobody reads any more if there are as many as there may be."""
        if self._readers < self._limits.readers:
            return
        idle = [(task_id, o) for task_id, group in self._open.items() for o in group if o.closing is not None]
        if not idle:
            raise TooMany(f"this gateway reads {self._readers} tasks or pasts of tasks, as many as it may")
        task_id, opened = idle[0]
        if opened.closing is not None:
            opened.closing.cancel()
        self._forget(task_id, opened)
        self._stopping.add(stopping := asyncio.create_task(opened.reader.stop()))
        stopping.add_done_callback(self._stopping.discard)

    def _leave(self, task_id: str, opened: _Open) -> None:
        opened.clients -= 1
        if not opened.clients:
            opened.closing = asyncio.create_task(self._close(task_id, opened))

    async def _close(self, task_id: str, opened: _Open) -> None:
        if not opened.feed.failed:
            await asyncio.sleep(_LINGER_S)
        self._forget(task_id, opened)
        await asyncio.shield(opened.reader.stop())

    def _forget(self, task_id: str, opened: _Open) -> None:
        group = self._open.get(task_id, [])
        if opened in group:
            group.remove(opened)
        if not group:
            self._open.pop(task_id, None)
        metrics.WEBSOCKET_READERS.labels(STAGE).set(self._readers)
