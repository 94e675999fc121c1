"""Who watches which task."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from spoton_common.tracing import Tracing
from spoton_schemas.codec import Codec

from spoton_gateway.ws.cursor import Cursor
from spoton_gateway.ws.feed import Feed, FeedMessage
from spoton_gateway.ws.reader import TaskReader, Watched

_LINGER_S = 30.0  # a feed outlives its last client for this long: pages reload, connections break


@dataclass(slots=True)
class _Open:
    feed: Feed
    reader: TaskReader


class Hub:
    """Opens a feed for each watched task and shares it; who needs what it no longer holds reads that from a new one."""

    def __init__(
        self,
        find_task: Callable[[str], Awaitable[Watched]],
        bootstrap: str,
        make_codec: Callable[[], Codec],
        log_messages: int,
        tracing: Tracing,
    ) -> None:
        self._find_task = find_task
        self._bootstrap = bootstrap
        self._make_codec = make_codec
        self._log_messages = log_messages
        self._tracing = tracing
        self._open: dict[str, list[_Open]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def watch(self, task_id: str, cursor_text: str | None) -> AsyncIterator[AsyncGenerator[FeedMessage, None]]:
        """Give a task's messages from the beginning, or from a cursor on.

        ``NotFound`` for an unknown task, ``BadCursor``, ``Unavailable`` while the database is away.
        """
        cursor = Cursor.parse(cursor_text) if cursor_text else None
        watched = await self._find_task(task_id)
        opened, place = self._join(watched, cursor)
        try:
            async with aclosing(opened.feed.read(place)) as messages:
                yield messages
        finally:
            closing = asyncio.create_task(self._close_unless_used(task_id, opened))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def stop(self) -> None:
        """Close all feeds."""
        for closing in self._closing:
            closing.cancel()
        readers = [opened.reader for group in self._open.values() for opened in group]
        self._open.clear()
        await asyncio.gather(*(reader.stop() for reader in readers))

    def _join(self, watched: Watched, cursor: Cursor | None) -> tuple[_Open, int]:
        group = self._open.setdefault(watched.task_id, [])
        group[:] = [opened for opened in group if not opened.feed.failed]
        for opened in group:
            if not opened.feed.shared:
                continue
            place = opened.feed.place_after(str(cursor) if cursor else None)
            if place is not None:
                return opened, place
        feed = Feed(self._log_messages, from_beginning=cursor is None)
        loop = asyncio.get_running_loop()
        reader = TaskReader(watched, cursor, feed, loop, self._bootstrap, self._make_codec, self._tracing)
        reader.start()
        group.append(_Open(feed, reader))
        return group[-1], 0

    async def _close_unless_used(self, task_id: str, opened: _Open) -> None:
        await asyncio.sleep(_LINGER_S)
        if opened.feed.clients:
            return
        group = self._open.get(task_id, [])
        if opened in group:
            group.remove(opened)
        if not group:
            self._open.pop(task_id, None)
        await opened.reader.stop()
