"""Bounds what a request's body costs: its size, and the time that it takes to come."""

import asyncio
from collections.abc import Collection

from spoton_common import metrics
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spoton_gateway.api.problems import problem

MAX_BODY_BYTES = 1 << 20
"""The longest bodies of the routes are some hundred bytes of JSON."""

_BODY_S = 20.0


class BodyLimit:
    """Reads a body before the route sees it: 413 if it is too long, 408 if it does not come.

    Routes at the paths ``streaming`` read theirs themselves, piece by piece, and have limits of their own.
    """

    def __init__(self, app: ASGIApp, streaming: Collection[str] = ()) -> None:
        self._app = app
        self._streaming = streaming

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on requests with the body in one piece."""
        streams = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in self._streaming
        if scope["type"] != "http" or streams or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_S):
                while (message := await receive())["type"] == "http.request":
                    body += message.get("body", b"")
                    if len(body) > MAX_BODY_BYTES or not message.get("more_body", False):
                        break
                else:
                    return  # the client has left
        except TimeoutError:
            await _refuse(scope, receive, send, 408, "Request timeout", "slow_body", "the body did not come in time")
            return
        if len(body) > MAX_BODY_BYTES:
            detail = f"bodies have {MAX_BODY_BYTES} bytes at most"
            await _refuse(scope, receive, send, 413, "Content too large", "huge_body", detail)
            return
        await self._app(scope, _replayed(bytes(body), receive), send)


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body first."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, title: str, reason: str, detail: str
) -> None:
    metrics.REFUSED_REQUESTS.labels("gateway", reason).inc()
    # What is left of the body is not read: the connection ends with the answer.
    await problem(scope["path"], status, title, detail, {"Connection": "close"})(scope, receive, send)
