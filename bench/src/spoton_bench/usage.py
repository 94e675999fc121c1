"""What processes use: CPU time and memory."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil
from spoton_local import Layout
from spoton_local.processes import Processes, session_members

SERVERS = ("kafka", "registry", "postgres", "redis")
SERVICES = ("ingest", "detector", "reid", "mapper", "gateway", "sink")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds since a process began, and resident bytes, by component of the stack."""

    cpu_s: Mapping[str, float]
    rss_bytes: Mapping[str, int]

    def cpu_since(self, before: "Usage") -> dict[str, float]:
        """Return what was used in between; all of it for a component that was started anew."""
        spent = {name: total - before.cpu_s.get(name, 0.0) for name, total in self.cpu_s.items()}
        return {name: s if s >= 0 else self.cpu_s[name] for name, s in spent.items()}


def usage(layout: Layout) -> Usage:
    """Read the use of all components of a local stack."""
    cpu_s: dict[str, float] = {}
    rss: dict[str, int] = {}
    processes = Processes(layout)
    for name in (*SERVERS, *SERVICES):
        record = processes.running(name)
        for pid in session_members(record) if record else []:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                times = process.cpu_times()
                cpu_s[name] = cpu_s.get(name, 0.0) + times.user + times.system
                rss[name] = rss.get(name, 0) + process.memory_info().rss
    return Usage(cpu_s, rss)
