import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from spoton_local.errors import NotReady
from spoton_local.layout import Layout
from spoton_local.pidfile import is_alive
from spoton_local.processes import Launch, Processes
from spoton_local.waiting import wait_until

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
PARENT = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print(child.pid, flush=True); time.sleep(600)"
)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    layout = Layout(tmp_path)
    layout.create()
    processes = Processes(layout)
    yield processes
    processes.stop("it")


@pytest.fixture
def lock_descriptor(tmp_path: Path) -> Iterator[int]:
    with (tmp_path / "lock").open("w") as lock:
        yield lock.fileno()


def launch(code: str, **options: float) -> Launch:
    return Launch(argv=(sys.executable, "-c", code), **options)  # type: ignore[arg-type]


def wait_for_output(processes: Processes) -> str:
    def check() -> None:
        if not processes.log_tail("it"):
            raise NotReady("no output")

    wait_until(check, what="the process", timeout_s=20)
    return processes.log_tail("it")


def test_start_records_the_process_and_keeps_its_output(processes: Processes, lock_descriptor: int) -> None:
    command = launch(SLEEP)
    started = processes.start("it", command, lock_descriptor)
    assert wait_for_output(processes) == "up"
    record = processes.running("it")
    assert record is not None
    assert record.pid == started.pid
    assert record.fingerprint == command.fingerprint()
    assert os.getsid(started.pid) == started.pid  # it outlives our terminal
    assert processes.stop("it") is True
    assert started.wait(5) == -signal.SIGTERM
    assert processes.record("it") is None


def test_the_lock_is_free_once_the_process_is_recorded(processes: Processes, lock_descriptor: int) -> None:
    started = processes.start("it", launch(SLEEP), lock_descriptor)
    wait_for_output(processes)
    lock = Path(f"/proc/self/fd/{lock_descriptor}").resolve()
    assert str(lock) not in [file.path for file in psutil.Process(started.pid).open_files()]


def test_a_process_that_ignores_the_signal_is_killed_after_the_deadline(
    processes: Processes, lock_descriptor: int
) -> None:
    started = processes.start("it", launch(DEAF, stop_timeout_s=0.2), lock_descriptor)
    wait_for_output(processes)
    record = processes.record("it")
    assert record is not None
    assert processes.stop("it") is True
    assert not is_alive(record)
    assert started.wait(5) is not None


def test_children_of_a_killed_process_are_cleared(processes: Processes, lock_descriptor: int) -> None:
    started = processes.start("it", launch(PARENT), lock_descriptor)
    child = int(wait_for_output(processes))
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    assert processes.running("it") is None
    assert processes.record("it") is not None  # dead but not stopped
    assert processes.stop("it") is True
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_the_log_of_the_last_start_is_kept(processes: Processes, lock_descriptor: int) -> None:
    processes.log_file("it").write_text("the crash\n")
    processes.start("it", launch(SLEEP), lock_descriptor)
    wait_for_output(processes)
    assert processes.log_file("it").with_suffix(".log.1").read_text() == "the crash\n"


def test_log_tail_gives_the_last_lines(processes: Processes) -> None:
    processes.log_file("it").write_text("".join(f"line {number}\n" for number in range(50)))
    assert processes.log_tail("it", lines=2) == "line 48\nline 49"


@pytest.mark.parametrize(
    "other",
    [
        Launch(argv=("a", "c"), environment={"X": "1"}),
        Launch(argv=("a", "b"), environment={"X": "2"}),
        Launch(argv=("a", "b"), environment={"X": "1"}, inputs=("port 1",)),
    ],
    ids=["arguments", "environment", "inputs"],
)
def test_a_changed_launch_has_another_fingerprint(other: Launch) -> None:
    same = Launch(argv=("a", "b"), environment={"X": "1"}, stop_timeout_s=3)
    assert same.fingerprint() == Launch(argv=("a", "b"), environment={"X": "1"}).fingerprint()
    assert other.fingerprint() != same.fingerprint()
