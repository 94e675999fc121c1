"""Results kept over several calls of the command, and a table of them."""

import json
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

from rich.table import Table

Run = dict[str, Any]


class Report:
    """A JSON file with all runs of one seed; runs that are made again replace their older selves."""

    def __init__(self, path: Path, seed: int) -> None:
        self._path = path
        self._seed = seed
        stored = json.loads(path.read_text()) if path.exists() else {}
        runs = stored.get("runs", []) if stored.get("seed") == seed else []
        self._runs: dict[int, Run] = {run["number"]: run for run in runs}

    @property
    def runs(self) -> list[Run]:
        """All runs, by number."""
        return [self._runs[number] for number in sorted(self._runs)]

    def add(self, run: Run, undisturbed_s: float, records: int) -> None:
        """Keep a run, on disk at once."""
        self._runs[run["number"]] = run
        self._path.parent.mkdir(parents=True, exist_ok=True)
        about = {"seed": self._seed, "undisturbed_s": round(undisturbed_s, 1), "records_compared": records}
        self._path.write_text(json.dumps({**about, "runs": self.runs}, indent=2) + "\n")

    def table(self) -> Table:
        """Count runs and failures by what went wrong."""
        groups: dict[str, list[Run]] = defaultdict(list)
        for run in self.runs:
            for what in sorted({_what(fault) for fault in run["faults"]}):
                groups[what].append(run)
        table = Table("what went wrong", "runs", "as undisturbed", "seconds (median)", box=None)
        for what, runs in sorted(groups.items()):
            good = sum(not run["problems"] for run in runs)
            table.add_row(what, str(len(runs)), str(good), f"{statistics.median(run['seconds'] for run in runs):.0f}")
        return table


def _what(fault: str) -> str:
    """Return "kill ingest" of "+1.6 s kill ingest for 1.8 s"."""
    return fault.split(" s ", 1)[1].split(" for ", 1)[0]
