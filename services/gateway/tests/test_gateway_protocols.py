"""Connections that stop: what uvicorn waits for without end, ended. No sockets: a transport that only takes notes."""

import asyncio
from collections.abc import Callable
from unittest.mock import MagicMock

import pytest
import uvicorn
from spoton_gateway import protocols
from spoton_gateway.protocols import MAX_HEAD_BYTES, BoundedHttp
from uvicorn.server import ServerState

SOON_S = 0.02


async def application(_scope, _receive, send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def connect(monkeypatch) -> Callable[..., tuple[BoundedHttp, MagicMock]]:
    monkeypatch.setattr(protocols, "_HEAD_S", SOON_S)
    monkeypatch.setattr(protocols, "_STALLED_S", SOON_S)
    monkeypatch.setattr(protocols, "_FAREWELL_S", SOON_S)
    config, state = uvicorn.Config(application, lifespan="off", limit_concurrency=2), ServerState()

    def make() -> tuple[BoundedHttp, MagicMock]:
        transport = MagicMock(spec=asyncio.Transport)
        transport.is_closing.return_value = False
        transport.get_extra_info.return_value = None
        transport.close.side_effect = lambda: transport.is_closing.configure_mock(return_value=True)
        protocol = BoundedHttp(config, state, {})
        protocol.connection_made(transport)
        return protocol, transport

    return make


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 (a fake tells of nothing)
            await asyncio.sleep(0.001)


def answer(transport: MagicMock) -> bytes:
    return b"".join(call.args[0] for call in transport.write.call_args_list)


@pytest.mark.parametrize("beginning", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\r\n"])
async def test_a_head_that_does_not_end_is_answered_and_the_connection_given_up(connect, beginning):
    protocol, transport = connect()
    protocol.data_received(beginning)
    await until(lambda: transport.abort.called)
    assert answer(transport).startswith(b"HTTP/1.1 408 ")


async def test_a_second_head_has_to_end_too(connect):
    protocol, transport = connect()
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await until(lambda: b"204" in answer(transport))
    protocol.data_received(b"\r\n")
    await until(lambda: transport.abort.called)
    assert b"HTTP/1.1 408 " in answer(transport)


async def test_a_head_that_has_ended_is_not_late(connect):
    protocol, transport = connect()
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(3 * SOON_S)
    assert b"408" not in answer(transport)


async def test_a_huge_head_is_refused_as_it_comes(connect):
    protocol, transport = connect()
    protocol.data_received(b"GET / HTTP/1.1\r\n")
    for _ in range(MAX_HEAD_BYTES // 1000):
        protocol.data_received(b"X-A: " + b"a" * 993 + b"\r\n")
    assert answer(transport) == b""
    protocol.data_received(b"X-A: " + b"a" * 993 + b"\r\n")
    assert answer(transport).startswith(b"HTTP/1.1 431 ")


async def test_a_reader_that_stalls_is_dropped_and_one_that_goes_on_is_not(connect):
    protocol, transport = connect()
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    protocol.pause_writing()
    protocol.resume_writing()
    await asyncio.sleep(3 * SOON_S)
    assert not transport.abort.called
    protocol.pause_writing()
    await until(lambda: transport.abort.called)


async def test_more_connections_than_allowed_are_told_so(connect):
    (_, first), (second, _), (_, third) = connect(), connect(), connect()
    assert answer(first) == b""
    assert answer(third).startswith(b"HTTP/1.1 503 ")
    second.connection_lost(None)


async def test_a_lost_connection_leaves_no_timer(connect):
    protocol, transport = connect()
    protocol.pause_writing()
    protocol.connection_lost(ConnectionResetError())
    await asyncio.sleep(3 * SOON_S)
    assert not transport.abort.called
