"""``/ws/tracking/{task_id}``: the connection itself."""

import asyncio
import time
from contextlib import suppress
from typing import NamedTuple

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from spoton_common import metrics
from spoton_common.logging import get_logger
from structlog.contextvars import bind_contextvars

from spoton_gateway.errors import BadCursor, NotFound, TooMany, Unavailable
from spoton_gateway.ws.feed import FeedFailed, FellBehind
from spoton_gateway.ws.hub import Hub, Messages
from spoton_gateway.ws.reader import STAGE
from spoton_gateway.ws.replies import reply_to

_log = get_logger()

router = APIRouter()

COMPLETE = 1000
NOT_UNDERSTOOD = 1008
FAILED = 1011
TRY_AGAIN = 1013
BAD_CURSOR = 4400
UNKNOWN_TASK = 4404

_CLOSE_TIMEOUT_S = 20.0  # a client that stalls gets the close frame if it reads again within this time
_MAX_MISUNDERSTANDINGS = 20  # a program with a mistake shows it in fewer, and a page that is newer than we are lives on


class _End(NamedTuple):
    """Why a connection ends."""

    code: int
    reason: str
    text: str


@router.websocket("/ws/tracking/{task_id}")
async def tracking(websocket: WebSocket, task_id: str, cursor: str | None = None) -> None:
    """Send a task's messages from its beginning, or from ``cursor`` on, until it ends."""
    await websocket.accept()
    hub: Hub = websocket.app.state.hub
    stall_s: float = websocket.app.state.settings.ws_stall_s
    bind_contextvars(task=task_id)
    end = await _serve(websocket, hub, task_id, cursor, stall_s)
    metrics.WEBSOCKET_CLOSED.labels(STAGE, end.reason).inc()
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await websocket.close(end.code, end.text.encode()[:123].decode(errors="ignore"))


async def _serve(websocket: WebSocket, hub: Hub, task_id: str, cursor: str | None, stall_s: float) -> _End:
    """Send until the end and return why it is one."""
    try:
        async with hub.watch(task_id, cursor) as messages:
            sending = asyncio.create_task(_send(websocket, messages, stall_s))
            listening = asyncio.create_task(_listen(websocket))
            try:
                done, _ = await asyncio.wait((sending, listening), return_when=asyncio.FIRST_COMPLETED)
                return done.pop().result()
            finally:
                await _cancel(sending, listening)
    except NotFound as error:
        return _End(UNKNOWN_TASK, "unknown_task", str(error))
    except BadCursor as error:
        return _End(BAD_CURSOR, "bad_cursor", str(error))
    except TooMany as error:
        return _End(TRY_AGAIN, "too_many", str(error))
    except (FellBehind, TimeoutError):
        _log.info("slow client disconnected")
        return _End(TRY_AGAIN, "slow", "too slow: connect again with your last cursor")
    except Unavailable as error:
        return _End(TRY_AGAIN, "unavailable", str(error))
    except FeedFailed as error:
        return _End(FAILED, "failed", str(error))
    except WebSocketDisconnect:
        return _End(COMPLETE, "left", "")


async def _send(websocket: WebSocket, messages: Messages, stall_s: float) -> _End:
    seq, sent = 0, metrics.WEBSOCKET_MESSAGES.labels(STAGE)
    async for message, cursor in messages:
        seq += 1
        async with asyncio.timeout(stall_s):
            await websocket.send_text(message.text(seq, time.time_ns() // 1000, cursor))
        sent.inc()
    return _End(COMPLETE, "complete", "the task has ended")


async def _listen(websocket: WebSocket) -> _End:
    """Answer what the client says until it leaves or is not understood too often."""
    misunderstandings = 0
    while misunderstandings < _MAX_MISUNDERSTANDINGS:
        said = await websocket.receive()
        if said["type"] == "websocket.disconnect":
            return _End(COMPLETE, "left", "")
        reply = reply_to(said.get("text"))
        misunderstandings += not reply.understood
        await websocket.send_text(reply.text)
    return _End(NOT_UNDERSTOOD, "not_understood", "too many messages that the gateway does not understand")


async def _cancel(*tasks: asyncio.Task[_End]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
