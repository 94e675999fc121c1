"""Start processes that outlive us, and stop exactly those."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

from spoton_local.layout import Layout
from spoton_local.pidfile import PidRecord, birth_mark, is_alive, is_of_an_earlier_boot, read_pid_file, wait_for_end

KILL_TIMEOUT_S = 10.0
"""A killed process ends at once, but for a disk operation that it is stuck in."""


class State(StrEnum):
    """What a component is doing, as `spoton status` shows it."""

    RUNNING = "running"
    STARTING = "starting"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class Launch:
    """A command to run in the background.

    Attributes:
        argv: program (absolute path) and arguments.
        environment: variables on top of our own.
        inputs: content of files that the command reads at start; a change of it asks for a restart.
        account: the account to run as, where we are root and the program refuses to be.
        stop_signal: asks the program for a clean end.
        stop_timeout_s: how long it may take for that before it is killed.

    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    inputs: tuple[str, ...] = field(default=(), repr=False)
    account: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 20.0

    def fingerprint(self) -> str:
        """Equal for two launches exactly when the second need not replace the first."""
        choice = json.dumps([self.argv, sorted(self.environment.items()), self.inputs, self.account])
        return hashlib.sha256(choice.encode()).hexdigest()


class Processes:
    """The processes of one stack, known by name through their pid files."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def pid_file(self, name: str) -> Path:
        """Where the process of that name is recorded."""
        return self._layout.run / f"{name}.json"

    def log_file(self, name: str) -> Path:
        """Return what the process of that name printed."""
        return self._layout.logs / f"{name}.log"

    def record(self, name: str) -> PidRecord | None:
        """Return the recorded process of that name, alive or not."""
        return read_pid_file(self.pid_file(name))

    def running(self, name: str) -> PidRecord | None:
        """Return the recorded process of that name if it is alive."""
        record = self.record(name)
        return record if record is not None and is_alive(record) else None

    def start(self, name: str, launch: Launch, lock_descriptor: int) -> "subprocess.Popen[bytes]":
        """Start in a session of its own, output to the log file.

        `lock_descriptor` is the open lock of the stack, see `spoton_local.launch`.
        """
        log = self.log_file(name)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            return subprocess.Popen(
                (
                    *(sys.executable, "-m", "spoton_local.launch", "--pid-file", str(self.pid_file(name))),
                    *("--fingerprint", launch.fingerprint(), "--lock-descriptor", str(lock_descriptor)),
                    *("--stop-signal", str(int(launch.stop_signal))),
                    *("--stop-timeout-s", str(launch.stop_timeout_s)),
                    *(("--account", launch.account) if launch.account else ()),
                    *("--", *launch.argv),
                ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **launch.environment},
                pass_fds=(lock_descriptor,),
                start_new_session=True,
            )

    def stop(self, name: str) -> bool:
        """End the recorded process and what it started; True if anything was running.

        A process that merely has its pid is left alone. The record goes last: a kill of us in between leaves
        enough for the next `down`.
        """
        record = self.record(name)
        if record is None:
            return False
        was_alive = is_alive(record)
        if was_alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(record.pid, record.stop_signal)
            wait_for_end([record.pid], record.stop_timeout_s)
        left = session_members(record)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for_end(left, KILL_TIMEOUT_S)
        self.pid_file(name).unlink(missing_ok=True)
        return was_alive or bool(left)

    def log_tail(self, name: str, lines: int = 20) -> str:
        """Return the end of a log."""
        try:
            text = self.log_file(name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def session_members(record: PidRecord) -> list[int]:
    """Return the live processes of the session that the recorded process leads or led.

    The kernel hands out no pid that is still the id of a session, so members prove that the session is ours,
    unless another process now has the leader's pid: then all of ours are gone.
    """
    leader_is_other = birth_mark(record.pid) is not None and not is_alive(record)
    if leader_is_other or is_of_an_earlier_boot(record):
        return []
    members = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == record.pid and birth_mark(pid) is not None:
                members.append(pid)
    return members
