"""Recorded video at the speed at which it was taken, as a camera would send it."""

import threading
import time
from collections.abc import Callable

_LATE_S = 1.0  # after a pause, or behind a slow detector: the past is not made up for


class Pace:
    """Tells when each tick of a task is due; the first one asked for is due at once. For use by several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._origins: dict[str, float] = {}  # a number for each task this process has seen

    def due(self, task_id: str, tick: int, fps: float) -> float:
        """Return the clock's time at which a tick is to be published; all cameras of a task share it."""
        with self._lock:
            now = self._clock()
            origin = self._origins.get(task_id)
            if origin is None or origin + tick / fps < now - _LATE_S:
                origin = self._origins[task_id] = now - tick / fps
            return origin + tick / fps
