"""Who is running: a pid together with the moment that the process began."""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from spoton_local.layout import read_json, write_atomically

PROC = Path("/proc")
END_POLL_INTERVAL_S = 0.05


@dataclass(frozen=True)
class PidRecord:
    """One process that the stack started.

    Attributes:
        pid: its process id, also the id of the session it leads.
        born: see `birth_mark`; tells it from a later process that got the same pid.
        fingerprint: what it was started with, see `processes.Launch.fingerprint`.
        stop_signal: the signal number that asks it for a clean end.
        stop_timeout_s: how long it may take for that before it is killed.

    """

    pid: int
    born: str
    fingerprint: str
    stop_signal: int
    stop_timeout_s: float


def birth_mark(pid: int) -> str | None:
    """Text that no other process of this machine ever had together with this pid; None if there is none.

    On Linux: the boot's id and the start time in clock ticks after boot (proc(5), stat field 22), which no
    change of the wall clock moves. Elsewhere: the start time. A process that has ended and only waits for its
    parent to notice counts as none.
    """
    if PROC.joinpath("self/stat").exists():
        try:
            stat = PROC.joinpath(str(pid), "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, *fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces
        if state in {"Z", "X"} and int(fields[16]) <= 1:  # a killed JVM holds ports and locks to its last thread
            return None
        return f"{_boot_id()}:{fields[18]}"
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return None


def write_pid_file(path: Path, record: PidRecord) -> None:
    """Record a process."""
    write_atomically(path, json.dumps(asdict(record)) + "\n")


def read_pid_file(path: Path) -> PidRecord | None:
    """Return the recorded process, alive or not; None where nothing is recorded."""
    stored = read_json(path)
    return PidRecord(**stored) if stored is not None else None


def is_alive(record: PidRecord) -> bool:
    """Whether the recorded process, not just one with its pid, is running."""
    return birth_mark(record.pid) == record.born


def is_of_an_earlier_boot(record: PidRecord) -> bool:
    """Whether the machine was restarted since, so that nothing of the process can be left (Linux only)."""
    boot_id, separator, _ = record.born.partition(":")
    return bool(separator) and boot_id != _boot_id()


def _boot_id() -> str:
    return PROC.joinpath("sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def wait_for_end(pids: Iterable[int], timeout_s: float) -> list[int]:
    """Wait until the processes have ended, at most so long; return those that have not."""
    marks = {pid: birth_mark(pid) for pid in pids}
    deadline = time.monotonic() + timeout_s
    while True:
        alive = [pid for pid, mark in marks.items() if mark is not None and birth_mark(pid) == mark]
        if not alive or time.monotonic() >= deadline:
            return alive
        time.sleep(END_POLL_INTERVAL_S)
