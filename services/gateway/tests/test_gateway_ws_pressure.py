"""The WebSocket under pressure: many clients, slow, silent and talkative ones, and those that only come and go."""

import asyncio
import json
import re
import socket
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil
import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

pytestmark = pytest.mark.integration

MAX_CLIENTS = 120
GATEWAY_SETTINGS = {
    "SPOTON_GATEWAY_WS_MAX_CLIENTS": str(MAX_CLIENTS),
    "SPOTON_GATEWAY_WS_MAX_READERS": "6",
    "SPOTON_GATEWAY_WS_PING_S": "3",
    "SPOTON_GATEWAY_WS_STALL_S": "4",
}

Texts = list[dict[str, Any]]


async def known(processes, task_id: str) -> None:
    url = f"{processes.url}/api/v1/processing-tasks/{task_id}/status"
    await asyncio.to_thread(processes.wait_until, lambda: httpx.get(url).status_code == 200)


def measured(processes, name: str) -> float:
    told = httpx.get(f"{processes.url}/api/v1/metrics").json()["metrics"]
    return float(next(metric["samples"][0]["value"] for metric in told if metric["name"] == name))


async def clients_gone(processes) -> None:
    await asyncio.to_thread(processes.wait_until, lambda: measured(processes, "spoton_websocket_clients") == 0)


async def listen(processes, task_id: str, cursor: str = "") -> Texts:
    """Receive until the end; after a break go on at the last cursor."""
    found: Texts = []
    while True:
        url = f"{processes.ws_url}/{task_id}" + (f"?cursor={cursor}" if cursor else "")
        async with websockets.connect(url, max_size=None, open_timeout=60) as connection:
            async for text in connection:
                found.append(json.loads(text))
                cursor = found[-1]["cursor"]
            if connection.close_code == 1000:
                return found
            assert connection.close_code == 1013, connection.close_reason


def ticks(messages: Texts) -> list[int]:
    return [m["payload"]["global_frame_index"] for m in messages if m["type"] == "tracking_update"]


async def handshake(processes, task_id: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket by hand: nobody reads from it, and nobody answers pings."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # little is buffered for who does not read
    connection.connect(("127.0.0.1", processes.port))
    reader, writer = await asyncio.open_connection(sock=connection)
    writer.write(
        f"GET /ws/tracking/{task_id} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    return reader, writer


async def test_many_clients_are_told_the_same_by_one_reader(processes, say, script):
    say(script.accepted(), script.start(), *[script.frame(t) for t in range(50)])
    await known(processes, script.task_id)
    listening = [asyncio.create_task(listen(processes, script.task_id)) for _ in range(100)]
    await asyncio.to_thread(
        processes.wait_until, lambda: measured(processes, "spoton_websocket_clients") == len(listening)
    )
    assert measured(processes, "spoton_websocket_readers") == 1
    say(*[script.frame(t) for t in range(50, 100)], script.end(100))
    found = await asyncio.gather(*listening)
    assert ticks(found[0]) == list(range(100))
    for message in [message for messages in found for message in messages]:
        del message["sent_us"]  # by connection
    assert all(messages == found[0] for messages in found)


async def test_clients_at_different_places_share_readers_after_a_restart(processes, say, script):
    say(script.accepted(), script.start(), *[script.frame(t) for t in range(60)])
    await known(processes, script.task_id)
    async with websockets.connect(f"{processes.ws_url}/{script.task_id}") as connection:
        first = [json.loads(await connection.recv()) for _ in range(60)]
    processes.stop("spoton_gateway")
    await asyncio.to_thread(processes.start_gateway, **GATEWAY_SETTINGS)
    places = [place * 37 % 60 for place in range(60)]  # neither from the first to the last nor the other way round
    listening = [asyncio.create_task(listen(processes, script.task_id, first[p]["cursor"])) for p in places]
    await asyncio.to_thread(processes.wait_until, lambda: measured(processes, "spoton_websocket_clients") == 60)
    assert measured(processes, "spoton_websocket_readers") <= 6
    say(*[script.frame(t) for t in range(60, 70)], script.end(70))
    for place, rest in zip(places, await asyncio.gather(*listening), strict=True):
        assert ticks(first[: place + 1]) + ticks(rest) == list(range(70))


async def test_a_client_that_does_not_read_delays_nobody(processes, say, script):
    """The others get each message long before it has been given up, which takes 4 s; then it is disconnected."""
    say(script.accepted(), script.start())
    await known(processes, script.task_id)
    _, silent = await handshake(processes, script.task_id)
    listening = [asyncio.create_task(delays(processes, script.task_id)) for _ in range(4)]
    await asyncio.to_thread(processes.wait_until, lambda: measured(processes, "spoton_websocket_clients") == 5)
    for tick in range(60):
        say(heavy(script.frame(tick)))
        await asyncio.sleep(0.1)  # the rate of a scene: 10 ticks a second
    say(script.end(60))
    found = sorted(delay for one in await asyncio.gather(*listening) for delay in one)
    assert len(found) == 4 * 60
    assert found[int(0.95 * len(found))] < 2.0, found[-1]
    await clients_gone(processes)
    silent.transport.abort()


def heavy(frame: Any) -> Any:
    """Make a record of some 60 kB: 60 of them are more than the operating system buffers for one such connection."""
    tracks = tuple(replace(frame.cameras[0].tracks[0], track_id=number) for number in range(400))
    return replace(frame, cameras=(replace(frame.cameras[0], tracks=tracks),))


async def delays(processes, task_id: str) -> list[float]:
    """Return how long after it was written to Kafka each tick was received, seconds."""
    found: list[float] = []
    async with websockets.connect(f"{processes.ws_url}/{task_id}", max_size=None) as connection:
        async for text in connection:
            for written in re.findall('"timestamp_processed_utc":"([^"]+)"', text[:500]):
                found.append((datetime.now(UTC) - datetime.fromisoformat(written)).total_seconds())  # noqa: PERF401
    return found


async def test_a_peer_that_is_gone_without_a_word_is_found(processes, say, script):
    """Nothing is sent and no ping answered: within twice the time between pings the connection is over."""
    say(script.accepted(), script.start())
    await known(processes, script.task_id)
    reader, _ = await handshake(processes, script.task_id)
    assert measured(processes, "spoton_websocket_clients") == 1
    async with asyncio.timeout(20):
        with suppress(ConnectionError):
            while await reader.read(65536):
                pass
    await clients_gone(processes)


@pytest.mark.parametrize(
    ("said", "reason"),
    [("hello", "not_json"), ("[1]", "no_type"), ('{"type": "resume", "seq": -1}', "unknown_type"), (b"\x00", "binary")],
)
async def test_what_is_not_understood_is_answered_and_the_story_goes_on(processes, say, script, said, reason):
    say(script.accepted(), script.start())
    await known(processes, script.task_id)
    async with websockets.connect(f"{processes.ws_url}/{script.task_id}") as connection:
        await connection.send(said)
        await connection.send('{"type": "ping"}')
        say(script.frame(0), script.end(1))
        found = [json.loads(text) async for text in connection]
    assert [m["payload"]["reason"] for m in found if m["type"] == "error"] == [reason]
    assert sum(m["type"] == "pong" for m in found) == 1
    assert ticks(found) == [0]
    assert connection.close_code == 1000


async def test_who_is_never_understood_is_disconnected(processes, say, script):
    say(script.accepted(), script.start())
    await known(processes, script.task_id)
    async with websockets.connect(f"{processes.ws_url}/{script.task_id}") as connection:
        with suppress(ConnectionClosed):
            for _ in range(30):
                await connection.send("?")
            while True:
                await connection.recv()
    assert connection.close_code == 1008
    assert "understand" in connection.close_reason


async def test_huge_messages_and_bytes_that_are_no_text_end_the_connection(processes, say, script):
    say(script.accepted(), script.start())
    await known(processes, script.task_id)
    async with websockets.connect(f"{processes.ws_url}/{script.task_id}") as connection:
        await connection.send("x" * 100_000)
        with suppress(ConnectionClosed):
            while True:
                await connection.recv()
    assert connection.close_code == 1009
    reader, writer = await handshake(processes, script.task_id)
    writer.write(b"\x81\x82\x00\x00\x00\x00\xff\xfe")  # a masked text frame of two bytes
    received = await asyncio.wait_for(reader.read(), 20)
    assert b"\x03\xef" in received  # 1007
    await clients_gone(processes)


async def test_pings_do_not_pile_up_answers(processes, say, script):
    """A peer that pings and does not read: the gateway forgets to answer rather than to keep the answers."""
    say(script.accepted(), script.start())
    await known(processes, script.task_id)
    gateway = psutil.Process(processes.running["spoton_gateway"].pid)
    before = gateway.memory_info().rss
    _, writer = await handshake(processes, script.task_id)
    ping = b"\x89\xfd\x00\x00\x00\x00" + b"x" * 125
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(10):
            for _ in range(400):  # 52 MB
                writer.write(ping * 1000)
                await writer.drain()
    assert gateway.memory_info().rss - before < 20e6
    writer.transport.abort()
    await clients_gone(processes)


async def test_more_clients_than_allowed_are_told_to_come_later(processes, say, script):
    say(script.accepted(), script.start())
    await known(processes, script.task_id)
    async with AsyncExitStack() as stack:
        for _ in range(MAX_CLIENTS):
            await stack.enter_async_context(websockets.connect(f"{processes.ws_url}/{script.task_id}"))
        await asyncio.to_thread(
            processes.wait_until, lambda: measured(processes, "spoton_websocket_clients") == MAX_CLIENTS
        )
        async with websockets.connect(f"{processes.ws_url}/{script.task_id}") as connection:
            with pytest.raises(ConnectionClosed):
                await connection.recv()
        assert connection.close_code == 1013
        assert "as many as it may" in connection.close_reason
    await clients_gone(processes)


async def test_more_tasks_than_allowed_are_told_to_come_later(processes, say, new_script):
    scripts = [new_script() for _ in range(7)]
    for script in scripts:
        say(script.accepted(), script.start())
        await known(processes, script.task_id)
    async with AsyncExitStack() as stack:
        for script in scripts[:-1]:  # feeds that nobody reads any more make room
            connection = await stack.enter_async_context(websockets.connect(f"{processes.ws_url}/{script.task_id}"))
            await connection.recv()
        async with websockets.connect(f"{processes.ws_url}/{scripts[-1].task_id}") as refused:
            with pytest.raises(ConnectionClosed):
                await refused.recv()
        assert (refused.close_code, "as many as it may" in refused.close_reason) == (1013, True)
    async with websockets.connect(f"{processes.ws_url}/{scripts[-1].task_id}") as connection:
        assert json.loads(await connection.recv())["type"] == "status_update"


async def test_sockets_that_come_and_go_leave_nothing(processes, say, script):
    say(script.accepted(), script.start(), *[script.frame(t) for t in range(20)])
    await known(processes, script.task_id)
    gateway = psutil.Process(processes.running["spoton_gateway"].pid)

    async def come_and_go(number: int) -> None:
        reader, writer = await handshake(processes, script.task_id)
        if number % 2:
            await reader.read(100)
        if number % 3:
            writer.close()
        else:
            writer.transport.abort()  # without a word

    async def many(count: int) -> tuple[int, int, int]:
        for _ in range(count // 50):
            await asyncio.gather(*map(come_and_go, range(50)))
        await clients_gone(processes)
        await asyncio.to_thread(processes.wait_until, lambda: len(gateway.net_connections()) < 30)
        return gateway.num_fds(), gateway.num_threads(), gateway.memory_info().rss

    fds, threads, rss = await many(50)
    later_fds, later_threads, later_rss = await many(300)
    assert later_fds <= fds + 20
    assert later_threads <= threads + 20
    assert later_rss < rss + 15e6


async def test_pages_of_other_hosts_cannot_open_a_socket(processes):
    with pytest.raises(InvalidStatus) as refused:
        await websockets.connect(f"{processes.ws_url}/x", origin="https://evil.example")
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body)["status"] == 403
    with pytest.raises(InvalidStatus) as refused:
        await websockets.connect(f"{processes.ws_url}/x", additional_headers={"Host": "evil.example"})
    assert refused.value.response.status_code == 400


async def test_none_of_this_ended_in_a_traceback(processes):
    assert "Traceback" not in processes.log("spoton_gateway")
