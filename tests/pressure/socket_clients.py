"""WebSocket clients that cost little, so that the gateway is what is measured: they look at two fields of a message."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from datetime import datetime

_WRITTEN = re.compile(rb'"timestamp_processed_utc":"([^"]+)"')
_SEQ = re.compile(rb'"seq":(\d+),"sent_us":\d+\}$')
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


@dataclass
class Client(asyncio.Protocol):
    """Receives one task's messages: counts them, and takes how long each was under way."""

    port: int
    task_id: str
    sample: bool
    delays_s: list[float] = field(default_factory=list)
    messages: int = 0
    received_bytes: int = 0
    gaps: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    first_message: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._buffer = bytearray()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Ask for the WebSocket."""
        self.transport = transport
        head = (
            f"GET /ws/tracking/{self.task_id} HTTP/1.1\r\nHost: localhost:{self.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        transport.write(head.encode())

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note the end."""
        if not self.done.done():
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take frames apart."""
        self._buffer += data
        if not self.opened.is_set():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.opened.set()
            del self._buffer[: end + 4]
        while (frame := self._next_frame()) is not None:
            self._take(*frame)

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Return opcode and payload of the next whole frame (RFC 6455, 5.2); a server does not mask."""
        if len(self._buffer) < 2:
            return None
        length, start = self._buffer[1] & 0x7F, 2
        if length > 125:
            start = 4 if length == 126 else 10
            if len(self._buffer) < start:
                return None
            length = int.from_bytes(self._buffer[2:start], "big")
        if len(self._buffer) < start + length:
            return None
        frame = self._buffer[0] & 0x0F, bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return frame

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == 0x9:
            self.transport.write(b"\x8a" + bytes([0x80 | len(payload)]) + b"\0\0\0\0" + payload)
        elif opcode == 0x8:
            self.transport.close()
        elif opcode == 0x1:
            self.messages += 1
            self.first_message.set()
            self.received_bytes += len(payload)
            found = _SEQ.search(payload, len(payload) - 60)
            self.gaps += found is None or int(found[1]) != self.messages
            if self.sample and (written := _WRITTEN.search(payload, 0, 400)):
                sent = datetime.fromisoformat(written[1].decode()).timestamp()
                self.delays_s.append(time.time() - sent)


async def connect(port: int, task_id: str, *, sample: bool) -> Client:
    """Open a connection."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(port, task_id, sample), "127.0.0.1", port)
    return client
