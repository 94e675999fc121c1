"""Watch a task until the last of its records has reached the database."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from spoton_local import Layout, find_state_dir, stack

from spoton_cli.errors import ServiceFallen
from spoton_cli.gateway import Gateway, TaskState

_POLL_S = 0.5
_PLAIN_EVERY_S = 5.0  # a log wants fewer lines than a terminal


def require_local_stack() -> None:
    """``ServiceFallen`` if a process of the stack in this checkout has ended by itself."""
    for name, log in stack.fallen(Layout(find_state_dir())).items():
        raise ServiceFallen(f"{name} has ended; {log} tells why. `spoton up` starts it again, and the task goes on")


def follow_task(gateway: Gateway, task_id: str, check: Callable[[], None] = lambda: None) -> TaskState:
    """Show a task's progress on standard error and return its state at the end.

    ``check`` is called now and then and may raise what ends the watching.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        return _follow_plainly(gateway, task_id, console, check)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        row = bar.add_task("queued", total=None)
        while True:
            task = gateway.task(task_id)
            bar.update(row, description=_line(task), total=task.frames_expected, completed=_done(task))
            if task.ended:
                return task
            check()
            time.sleep(_POLL_S)


def _follow_plainly(gateway: Gateway, task_id: str, console: Console, check: Callable[[], None]) -> TaskState:
    next_line = 0.0
    while True:
        task = gateway.task(task_id)
        if task.ended or time.monotonic() >= next_line:
            expected = "?" if task.frames_expected is None else task.frames_expected
            console.print(f"{_line(task)}: {_done(task)} of {expected} frames", highlight=False)
            next_line = time.monotonic() + _PLAIN_EVERY_S
        if task.ended:
            return task
        check()
        time.sleep(_POLL_S)


def _done(task: TaskState) -> int:
    return task.frames.get("database", 0)


def _line(task: TaskState) -> str:
    return f"{task.status.lower()}, {task.identities_found} identities"
