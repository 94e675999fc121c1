"""Who may talk to a gateway without access control: programs of this machine, and pages that it allows.

A page of any host can make a browser send requests to 127.0.0.1, and a host name that its owner lets point there (DNS
rebinding) makes such a page one of the "same origin". So the Host header must be one of the allowed names, and where a
browser tells the Origin of a page (every WebSocket, every POST, every fetch of another origin), it must be allowed too.
"""

import re
from collections.abc import Sequence

from spoton_common import metrics
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from spoton_gateway.api.problems import problem

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::\d*)?", re.ASCII)


def origin_pattern(hosts: Sequence[str], origins: Sequence[str]) -> str:
    """Return a regular expression for the allowed origins: those listed, and any port of the allowed hosts."""
    names = "|".join(re.escape(f"[{host}]" if ":" in host else host) for host in hosts)
    listed = "".join(f"|{re.escape(origin.rstrip('/'))}" for origin in origins)
    return rf"https?://({names})(:\d+)?{listed}"


class AccessGuard:
    """Refuses requests and WebSockets for other hosts and from pages of other origins."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str], origins: str) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = re.compile(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed, answer the rest with a problem."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = ", ".join(headers.getlist("host")), headers.get("origin")
        if _host_name(host) not in self._hosts:
            metrics.REFUSED_REQUESTS.labels("gateway", "host").inc()
            detail = f"this gateway does not answer to the host name {host[:80]!r} (SPOTON_GATEWAY_ALLOWED_HOSTS)"
            refusal = problem(scope["path"], 400, "Unknown host", detail)
        elif origin is not None and not self._origins.fullmatch(origin):
            metrics.REFUSED_REQUESTS.labels("gateway", "origin").inc()
            detail = f"pages of {origin[:80]!r} may not use this gateway (SPOTON_GATEWAY_ALLOWED_ORIGINS)"
            refusal = problem(scope["path"], 403, "Origin not allowed", detail)
        else:
            await self._app(scope, receive, send)
            return
        await refusal(scope, receive, send)


def _host_name(host: str) -> str:
    """Return the name in a Host header without port and brackets, in lower case; empty if it is none."""
    match = _HOST.fullmatch(host)
    return (match[1] or match[2]).lower() if match else ""
