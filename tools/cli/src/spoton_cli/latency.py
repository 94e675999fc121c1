"""How long pictures take from their decoding to a client of the WebSocket."""

import json
import threading
import time
from typing import Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect


class LatencyMeter:
    """Listens to a task like any client and notes how old each ``tracking_update`` is; use as a context manager."""

    def __init__(self, gateway_url: str) -> None:
        self._url = gateway_url.replace("http", "ws", 1)
        self._connection: ClientConnection | None = None
        self._thread: threading.Thread | None = None
        self.latencies_ms: list[float] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._thread is not None:
            self._thread.join()

    def listen(self, task_id: str) -> None:
        """Connect to a task, and listen in a thread until the gateway closes the connection."""
        self._connection = connect(f"{self._url}/ws/tracking/{task_id}", max_size=None)
        self._thread = threading.Thread(target=self._receive, args=(self._connection,), name="latency", daemon=True)
        self._thread.start()

    def _receive(self, connection: ClientConnection) -> None:
        try:
            for text in connection:
                self._note(json.loads(text))
        except ConnectionClosed:
            return

    def _note(self, message: dict[str, object]) -> None:
        payload = message.get("payload")
        if message.get("type") != "tracking_update" or not isinstance(payload, dict):
            return
        decoded_us = (payload.get("latency") or {}).get("ingest")
        if decoded_us is not None:
            self.latencies_ms.append(time.time() * 1e3 - decoded_us / 1e3)
