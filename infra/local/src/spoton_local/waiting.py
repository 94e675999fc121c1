"""Waiting for a condition, never for a time."""

import threading
import time
from collections.abc import Callable

from spoton_local.errors import NotReady, StartAborted

POLL_INTERVAL_S = 0.1
"""Short against every start-up time (Redis: 0.1 s), long against the cost of one check (about 1 ms)."""


def wait_until(
    check: Callable[[], None],
    *,
    what: str,
    timeout_s: float,
    aborted: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Call `check` until it no longer raises NotReady.

    Any other exception of `check` is passed on at once.

    Raises:
        NotReady: the deadline passed; the message holds the last refusal.
        StartAborted: `aborted` was set meanwhile.

    """
    deadline = clock() + timeout_s
    pause = aborted or threading.Event()
    while True:
        try:
            check()
        except NotReady as not_ready:
            last_refusal = str(not_ready)
        else:
            return
        if clock() >= deadline:
            raise NotReady(f"{what} is not ready after {timeout_s:g} s: {last_refusal}")
        if pause.wait(POLL_INTERVAL_S):
            raise StartAborted(f"{what}: not waited for, because another component failed")
