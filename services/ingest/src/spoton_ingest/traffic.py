"""Who may publish now: pause, stop, the detector's lead and handing over, as one light for each camera."""

import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import TypeVar

from spoton_schemas.records import Command, StatusKind

from spoton_ingest.commands import CommandTable
from spoton_ingest.errors import Abandoned, TaskStopped
from spoton_ingest.gate import RunAhead

T = TypeVar("T")

_LOOK_UP_S = 0.2  # how often a wait for a fetch looks whether it is still wanted


class Traffic:
    """Shared by the cameras' threads, which wait here, and the loop, which brings the news."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._commands = CommandTable()
        self._lead = RunAhead()
        self._abandoned: set[str] = set()

    def command(self, command: Command) -> StatusKind | None:
        """Take a command and return what it changed, if anything."""
        with self._changed:
            effect = self._commands.take(command)
            self._changed.notify_all()
        return effect

    def stopped(self, task_id: str) -> bool:
        """Tell whether a task was stopped."""
        with self._changed:
            return self._commands.stopped(task_id)

    def in_force(self, task_id: str) -> StatusKind | None:
        """Return what the last command made of a task; None if there was none."""
        with self._changed:
            return self._commands.in_force(task_id)

    def abandon(self, streams: list[str]) -> None:
        """Make the streams' threads end as soon as they look here."""
        with self._changed:
            self._abandoned.update(streams)
            self._changed.notify_all()

    def admit(self, stream: str) -> None:
        """Let a stream's threads work (again)."""
        with self._changed:
            self._abandoned.discard(stream)

    def forget(self, stream: str) -> None:
        """Drop what is known of a stream's lead."""
        with self._changed:
            self._lead.forget(stream)

    def detected(self, stream: str, tick: int, frames_done: int) -> None:
        """Take a report of the detector."""
        with self._changed:
            self._lead.detected(stream, tick, frames_done)
            self._changed.notify_all()

    def resume(self, stream: str, tick: int, frames_done: int) -> None:
        """Set where the detector was before this process knew the stream."""
        with self._changed:
            self._lead.resume(stream, tick, frames_done)

    def published(self, stream: str, tick: int) -> None:
        """Note a frame."""
        with self._changed:
            self._lead.published(stream, tick)

    def wait_for_green(self, stream: str, task_id: str, due: float | None = None) -> None:
        """Block while the task is paused or the camera too far ahead; ``TaskStopped``, ``Abandoned``.

        Also until it is ``due``, a time of ``time.monotonic``.
        """
        with self._changed:
            while True:
                self._raise_if_over(stream, task_id)
                early_s = 0.0 if due is None else due - time.monotonic()
                held = self._commands.paused(task_id) or not self._lead.allows(stream)
                if not held and early_s <= 0:
                    return
                self._changed.wait(None if held else early_s)

    def wait_for(self, future: "Future[T]", stream: str, task_id: str) -> T:
        """Block until a future has its result; ``TaskStopped``, ``Abandoned``, or what the future raises."""
        while True:
            with self._changed:
                self._raise_if_over(stream, task_id)
            try:
                return future.result(_LOOK_UP_S)
            except NotYet:
                if future.done():
                    raise

    def _raise_if_over(self, stream: str, task_id: str) -> None:
        if stream in self._abandoned:
            raise Abandoned(stream)
        if self._commands.stopped(task_id):
            raise TaskStopped(task_id)
