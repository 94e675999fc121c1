"""One line a component while the stack starts or stops."""

import contextlib
import threading
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
    with Live(console=console, refresh_per_second=8) as live:
        yield LiveTable(live)


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
    """Redraws a table with one row a component."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._latest: dict[str, Progress] = {}
        self._spinner = Spinner("dots")
        self._lock = threading.Lock()

    def __call__(self, progress: Progress) -> None:
        """Show the latest of every component."""
        with self._lock:
            self._latest[progress.component] = progress
            table = Table(box=None, show_header=False)
            for row in self._latest.values():
                mark = "[green]✓[/]" if row.done else self._spinner
                table.add_row(mark, row.component, row.activity, f"{row.seconds:.1f} s")
            self._live.update(table)
