"""What a client may say, and what it is answered. Pure.

Clients have little to say: ``{"type": "ping"}`` is answered with a pong, because pages cannot send the pings of the
WebSocket protocol. Anything else is answered with an ``error`` message that says what is wrong with it.
"""

from dataclasses import dataclass

import orjson

PONG = '{"type":"pong","payload":{}}'


@dataclass(frozen=True, slots=True)
class Reply:
    """The text to answer, and whether what the client said was understood."""

    text: str
    understood: bool


def reply_to(text: str | None) -> Reply:
    """Answer a message of a client; None is a binary one."""
    if text is None:
        return _error("binary", "messages to the gateway are JSON text")
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _error("not_json", f"not JSON: {error}")
    kind = said.get("type") if isinstance(said, dict) else None
    if not isinstance(kind, str):
        return _error("no_type", 'a message is a JSON object with a "type"')
    if kind != "ping":
        return _error("unknown_type", f"there is no message of type {kind[:40]!r} to the gateway, only ping")
    return Reply(PONG, True)


def _error(reason: str, message: str) -> Reply:
    body = {"type": "error", "payload": {"reason": reason, "message": message}}
    return Reply(orjson.dumps(body).decode(), False)
