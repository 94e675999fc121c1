"""One line a component while the stack starts or stops."""

import contextlib
import threading
import time
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from spoton_local.starting import OnProgress, Progress


@contextlib.contextmanager
def progress_display() -> Iterator[OnProgress]:
    """Show a live table on a terminal, plain lines elsewhere (logs, CI); written to standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield PlainLines(console)
        return
    table = LiveTable()
    with Live(table, console=console, refresh_per_second=8):
        yield table


class PlainLines:
    """Prints a line whenever a component begins something new or is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[str, str] = {}
        self._lock = threading.Lock()

    def __call__(self, progress: Progress) -> None:
        """Print, unless only a percentage moved."""
        activity = progress.activity.rstrip("0123456789 %")
        with self._lock:
            if self._shown.get(progress.component) == activity:
                return
            self._shown[progress.component] = activity
            self._console.print(f"{progress.component:10} {activity:24} {progress.seconds:6.1f} s", highlight=False)


class LiveTable:
    """A table with one row a component, drawn anew at every refresh so that the seconds run."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[Progress, float]] = {}
        self._spinner = Spinner("dots")
        self._lock = threading.Lock()

    def __call__(self, progress: Progress) -> None:
        """Keep the latest of every component."""
        with self._lock:
            self._latest[progress.component] = (progress, time.monotonic())

    def __rich__(self) -> Table:
        """Draw."""
        table = Table(box=None, show_header=False)
        with self._lock:
            rows = list(self._latest.values())
        for progress, reported in rows:
            since = 0.0 if progress.done else time.monotonic() - reported
            mark = "[green]✓[/]" if progress.done else self._spinner
            table.add_row(mark, progress.component, progress.activity, f"{progress.seconds + since:.1f} s")
        return table
