"""``/ws/tracking/{task_id}``: the connection itself."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from spoton_common import metrics
from spoton_common.logging import get_logger
from structlog.contextvars import bind_contextvars

from spoton_gateway.errors import BadCursor, NotFound, Unavailable
from spoton_gateway.ws.feed import FeedFailed, FeedMessage, FellBehind
from spoton_gateway.ws.hub import Hub
from spoton_gateway.ws.reader import STAGE

_log = get_logger()

router = APIRouter()

COMPLETE = 1000
TRY_AGAIN = 1013
FAILED = 1011
FORBIDDEN = 4403
UNKNOWN_TASK = 4404
BAD_CURSOR = 4400

_CLOSE_TIMEOUT_S = 60.0  # a client that stalls gets the close frame if it reads again within this time

LOOPBACK_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
"""Pages that may talk to the gateway: those of this machine, until there is access control."""


@router.websocket("/ws/tracking/{task_id}")
async def tracking(websocket: WebSocket, task_id: str, cursor: str | None = None) -> None:
    """Send a task's messages from its beginning, or from ``cursor`` on, until it ends."""
    await websocket.accept()
    origin = websocket.headers.get("origin")
    if origin is not None and not re.fullmatch(LOOPBACK_ORIGIN, origin):
        await websocket.close(FORBIDDEN, "pages of other hosts may not connect")
        return
    hub: Hub = websocket.app.state.hub
    stall_s: float = websocket.app.state.settings.ws_stall_s
    bind_contextvars(task=task_id)
    with metrics.WEBSOCKET_CLIENTS.labels(STAGE).track_inprogress():
        code, reason = await _serve(websocket, hub, task_id, cursor, stall_s)
    metrics.WEBSOCKET_CLOSED.labels(STAGE, str(code)).inc()
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await websocket.close(code, reason[:100])


async def _serve(websocket: WebSocket, hub: Hub, task_id: str, cursor: str | None, stall_s: float) -> tuple[int, str]:
    """Send until the end and return the close code and its reason."""
    try:
        async with hub.watch(task_id, cursor) as messages:
            sending = asyncio.create_task(_send(websocket, messages, stall_s))
            leaving = asyncio.create_task(_until_left(websocket))
            try:
                await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    sending.result()
                return COMPLETE, "the task has ended"
            finally:
                await _cancel(sending, leaving)
    except NotFound as error:
        return UNKNOWN_TASK, str(error)
    except BadCursor as error:
        return BAD_CURSOR, str(error)
    except (FellBehind, TimeoutError):
        _log.info("slow client disconnected")
        return TRY_AGAIN, "too slow: connect again with your last cursor"
    except Unavailable as error:
        return TRY_AGAIN, str(error)
    except FeedFailed as error:
        return FAILED, str(error)
    except WebSocketDisconnect:
        return COMPLETE, ""


async def _send(websocket: WebSocket, messages: AsyncIterator[FeedMessage], stall_s: float) -> None:
    seq, sent = 0, metrics.WEBSOCKET_MESSAGES.labels(STAGE)
    async for message in messages:
        seq += 1
        async with asyncio.timeout(stall_s):
            await websocket.send_text(message.text(seq, time.time_ns() // 1000))
        sent.inc()


async def _until_left(websocket: WebSocket) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass  # clients have nothing to say yet


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
