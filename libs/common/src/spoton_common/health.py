"""Health of a process and the small HTTP server that tells it, together with its metrics."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from spoton_common import metrics


class State(StrEnum):
    """State of a component, best first."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Component:
    """State of one part of a service, and why it is not healthy."""

    state: State
    detail: str = ""


_WORST_FIRST = (State.UNHEALTHY, State.DEGRADED, State.HEALTHY)


@dataclass(slots=True)
class Health:
    """The components of a service; set from any thread, read by the HTTP server."""

    _components: dict[str, Component] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, name: str, state: State, detail: str = "") -> None:
        """Say how a component is."""
        with self._lock:
            self._components[name] = Component(state, detail)
        metrics.HEALTH.labels(name).set(_WORST_FIRST[::-1].index(state))

    def report(self) -> dict[str, object]:
        """Return ``{"status": worst state, "components": {name: {"status", "detail"}}}``."""
        with self._lock:
            components = dict(self._components)
        states = {component.state for component in components.values()}
        worst = next((state for state in _WORST_FIRST if state in states), State.UNHEALTHY)
        return {
            "status": worst,
            "components": {n: {"status": c.state, "detail": c.detail} for n, c in sorted(components.items())},
        }


def serve_health(health: Health, host: str, port: int) -> Callable[[], None]:
    """Serve ``/health`` (200 unless unhealthy, then 503) and ``/metrics`` in a thread; returns what stops it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/health":
                report = health.report()
                status = 503 if report["status"] == State.UNHEALTHY else 200
                self._answer(status, "application/json", json.dumps(report).encode())
            elif self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
            else:
                self._answer(404, "text/plain", b"/health and /metrics are here\n")

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Leave requests out of the log: they come every second."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop
