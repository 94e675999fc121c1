"""What must not get into logs: payloads and secrets, whoever hands them over."""

import re
from typing import Any

from structlog.typing import EventDict

_LONGEST = 2000  # characters of one value: a sentence or a library's message; a traceback has its own field
_CREDENTIALS = re.compile(r"(://[^:/@\s]*):[^@/\s]+@")
_SECRET_NAMES = re.compile(r"password|passwd|secret|token|api_?key|authorization|cookie", re.IGNORECASE)
_HIDDEN = "[hidden]"


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Replace bytes by their number, passwords in addresses and values of secrets by ``[hidden]``, cut long text."""
    return {name: _value(name, value) for name, value in event.items()}


def _value(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name):
        return _HIDDEN
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, str):
        text = _CREDENTIALS.sub(rf"\1:{_HIDDEN}@", value)
        if name == "exception" or len(text) <= _LONGEST:
            return text
        return f"{text[:_LONGEST]}… [{len(text)} characters]"
    if isinstance(value, dict):
        return {key: _value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_value(name, inner) for inner in value]
    return value
