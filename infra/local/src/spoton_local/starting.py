"""Bring a group of components up, side by side."""

import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from spoton_local.component import Component
from spoton_local.errors import ProcessDied, StartAborted
from spoton_local.ports import require_free
from spoton_local.processes import Processes
from spoton_local.waiting import wait_until


@dataclass(frozen=True)
class Progress:
    """One thing to show: what a component is doing, and for how long `up` has been at it."""

    component: str
    activity: str
    seconds: float
    done: bool = False


class OnProgress(Protocol):
    """Takes progress, from any thread."""

    def __call__(self, progress: Progress) -> None:
        """Show it."""


class Starter:
    """Starts components in parallel, each after those it needs; the first failure ends the others' waiting."""

    def __init__(self, processes: Processes, lock_descriptor: int, on_progress: OnProgress) -> None:
        self._processes = processes
        self._lock_descriptor = lock_descriptor
        self._on_progress = on_progress
        self._aborted = threading.Event()
        self._began = time.monotonic()

    def start(self, components: Sequence[Component]) -> None:
        """Return when every component is ready.

        Raises:
            StackError: the first failure; what was started meanwhile stays and is found by the next `up`.

        """
        ready = {component.name: threading.Event() for component in components}
        with ThreadPoolExecutor(max_workers=len(components)) as pool:
            try:
                jobs = [pool.submit(self._bring_up, component, ready) for component in components]
                wait(jobs)
            finally:
                self._aborted.set()
        self._aborted.clear()
        raise_first(jobs)

    def _bring_up(self, component: Component, ready: dict[str, threading.Event]) -> None:
        try:
            self._report(component, "starting")
            for needed in component.needs:
                while not ready[needed].wait(timeout=0.1):
                    self._refuse_if_aborted(component)
            if not self._take_over(component):
                self._wait_until_ready(component, self._start(component))
            component.finish()
        except BaseException:
            self._aborted.set()
            raise
        ready[component.name].set()
        self._report(component, "ready", done=True)

    def _take_over(self, component: Component) -> bool:
        """Whether an equal process runs and is ready; one that ends meanwhile (it was just killed) does not count."""
        record = self._processes.running(component.name)
        if record is None:
            return False
        if record.fingerprint != component.launch().fingerprint():
            self._report(component, "restarting with other settings")
            return False
        try:
            self._wait_until_ready(component, None)
        except ProcessDied:
            return False
        return True

    def _start(self, component: Component) -> "subprocess.Popen[bytes]":
        self._processes.stop(component.name)  # one with other settings, or what a killed one left behind
        for name, port in component.ports.items():
            require_free(name, port)
        component.prepare(lambda activity: self._report(component, activity))
        self._report(component, "starting")
        return self._processes.start(component.name, component.launch(), self._lock_descriptor)

    def _wait_until_ready(self, component: Component, process: "subprocess.Popen[bytes] | None") -> None:
        def check() -> None:
            ended = process.poll() is not None if process else not self._processes.running(component.name)
            if ended:
                raise ProcessDied(
                    f"{component.name} ended while starting. The end of {self._processes.log_file(component.name)}:\n"
                    f"{self._processes.log_tail(component.name)}"
                )
            component.check()

        what = f"{component.name} (log: {self._processes.log_file(component.name)})"
        wait_until(check, what=what, timeout_s=component.ready_timeout_s, aborted=self._aborted)

    def _report(self, component: Component, activity: str, *, done: bool = False) -> None:
        self._refuse_if_aborted(component)
        self._on_progress(Progress(component.name, activity, time.monotonic() - self._began, done))

    def _refuse_if_aborted(self, component: Component) -> None:
        if self._aborted.is_set():
            raise StartAborted(f"{component.name}: given up, because another component failed")


def raise_first(jobs: "Sequence[Future[None]]") -> None:
    """Raise what went wrong first: anything rather than the StartAborted of those that gave up for it."""
    failures = [error for job in jobs if (error := job.exception()) is not None]
    causes = [error for error in failures if not isinstance(error, StartAborted)]
    for error in causes or failures:
        raise error
