"""What processes use: CPU time and memory."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil
from spoton_local import Layout
from spoton_local.pidfile import PidRecord
from spoton_local.processes import Processes, session_members

SERVERS = ("kafka", "registry", "postgres", "redis")
SERVICES = ("ingest", "detector", "reid", "mapper", "events", "gateway", "sink", "videos")


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
        for process in _family(record) if record else ():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                # What ended since, such as a finished connection of PostgreSQL, is in its parent's times.
                spent = times.user + times.system + times.children_user + times.children_system
                cpu_s[name] = cpu_s.get(name, 0.0) + spent
                rss[name] = rss.get(name, 0) + process.memory_info().rss
    return Usage(cpu_s, rss)


def _family(record: PidRecord) -> set[psutil.Process]:
    """Return a component's processes: its session and what they started, PostgreSQL's workers leave the session."""
    family: set[psutil.Process] = set()
    for pid in session_members(record):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            family |= {process, *process.children(recursive=True)}
    return family
