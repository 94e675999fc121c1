"""A WebSocket client that comes back with its last cursor whenever its connection breaks."""

import json
import threading
import time
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

_COMPLETE = 1000
_UNKNOWN_TASK = 4404  # the sink has not heard of it yet
_PAUSE_S = 0.2


class Listener:
    """Collects a task's messages in a thread until the task has ended."""

    def __init__(self, gateway_url: str, task_id: str) -> None:
        self._url = f"{gateway_url.replace('http', 'ws', 1)}/ws/tracking/{task_id}"
        self._cursor: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.messages: list[dict[str, Any]] = []
        self.connections = 0
        self.closings: list[str] = []
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the gateway has said that the task is over."""
        return not self._thread.is_alive()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the task; False if it did not come in time."""
        self._thread.join(timeout_s)
        return self.done

    def stop(self) -> None:
        """Listen no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._listen():
                    return
            except (OSError, InvalidHandshake, TimeoutError) as error:
                self.closings.append(type(error).__name__)
            time.sleep(_PAUSE_S)

    def _listen(self) -> bool:
        """Collect until the connection ends; True if that is the end of the task."""
        url = self._url if self._cursor is None else f"{self._url}?cursor={self._cursor}"
        with connect(url, open_timeout=5, close_timeout=1, max_size=None, ping_interval=5, ping_timeout=5) as socket:
            self.connections += 1
            while not self._stop.is_set():
                try:
                    message = json.loads(socket.recv(timeout=1))
                except TimeoutError:
                    continue
                except ConnectionClosed as closed:
                    code = closed.rcvd.code if closed.rcvd else 1006
                    if code != _UNKNOWN_TASK:
                        self.closings.append(f"{code} {closed.rcvd.reason if closed.rcvd else ''}".strip())
                    return code == _COMPLETE
                self._cursor = message["cursor"]
                self.messages.append(message)
        return False
