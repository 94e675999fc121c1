"""Connections that cost a bounded amount: uvicorn's protocols, with an end for peers that stop or overdo it.

Uvicorn waits for ever for the rest of a request's head (Slowloris), for a reader that has stopped, and on closing until
everything written has been read. Each of these is given up here after a time.
"""

import asyncio
from asyncio import TimerHandle
from typing import Any

from spoton_common import metrics
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from spoton_gateway.api.problems import problem

MAX_HEAD_BYTES = 64 * 1024
"""Of a request's first line and headers: browsers send a few kB, most servers stop at 8 to 64 kB."""

_HEAD_S = 10.0  # a head comes in one packet or a few
_STALLED_S = 60.0  # a player that is paused fetches again; a reader that is gone is noticed
_FAREWELL_S = 5.0  # for what is still to be sent when a connection is closed


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 that ends with 408 after a slow head and 431 after a huge one, and drops readers that stall."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Uvicorn would count requests and answer without a problem's details.
        self._max_connections, self.limit_concurrency = self.limit_concurrency, None
        self._head_bytes: int | None = None  # None: none is awaited
        self._head_timer: TimerHandle | None = None
        self._write_timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head; refuse the connection if there are too many."""
        super().connection_made(transport)
        if self._max_connections is not None and len(self.connections) > self._max_connections:
            metrics.REFUSED_REQUESTS.labels("gateway", "connections").inc()
            self._refuse(503, "Service unavailable", "this gateway has as many connections as it may")
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        _cancel(self._head_timer, self._write_timer)
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that becomes too long ends the connection."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is not None and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            metrics.REFUSED_REQUESTS.labels("gateway", "huge_head").inc()
            self._refuse(431, "Request head too large", f"more than {MAX_HEAD_BYTES} bytes of headers")

    def on_message_begin(self) -> None:
        """Begin to wait for a head, also for the next one of a connection."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """Stop waiting for the head."""
        _cancel(self._head_timer)
        self._head_bytes = None
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Wait for the reader, but not for ever."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(_STALLED_S, self._reader_is_gone)

    def resume_writing(self) -> None:
        """Go on: the reader has read."""
        super().resume_writing()
        _cancel(self._write_timer)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        metrics.REFUSED_REQUESTS.labels("gateway", "not_http").inc()
        self._refuse(400, "Bad request", msg)

    def _await_head(self) -> None:
        if self._head_bytes is None:
            self._head_bytes = 0
            self._head_timer = self.loop.call_later(_HEAD_S, self._head_is_late)

    def _head_is_late(self) -> None:
        metrics.REFUSED_REQUESTS.labels("gateway", "slow_head").inc()
        self._refuse(408, "Request timeout", f"the head of the request did not come within {_HEAD_S:.0f} s")

    def _reader_is_gone(self) -> None:
        metrics.REFUSED_REQUESTS.labels("gateway", "stalled_reader").inc()
        self.transport.abort()

    def _refuse(self, status: int, title: str, detail: str) -> None:
        """Write an answer of our own and close, without troubling the application."""
        if self.transport.is_closing():
            return
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()  # the answer to the request before is on its way: nothing can be said in between
            return
        body = bytes(problem("", status, title, detail).body)
        head = f"HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        self.transport.close()
        self.loop.call_later(_FAREWELL_S, self.transport.abort)


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose peer can neither hold it open by not reading nor fill its memory with pings."""

    async def run_asgi(self) -> None:
        """Run the application; what cannot be sent soon after its end is given up."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(_FAREWELL_S, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """Close a connection whose peer does not answer pings; it will not take the close frame either."""
        super().keepalive_timeout()
        self.transport.abort()

    def handle_ping(self) -> None:
        """Answer a ping, unless the peer does not read the answers: they would pile up."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def send_receive_event_to_app(self) -> None:
        """Pass a message on; bytes that are no text end the connection with 1007."""
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self.conn.send_close(1007, "text messages are UTF-8")
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _cancel(*timers: TimerHandle | None) -> None:
    for timer in timers:
        if timer is not None:
            timer.cancel()
