import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from spoton_local.errors import NotReady
from spoton_local.layout import Layout
from spoton_local.pidfile import PidRecord, birth_mark, is_alive, read_pid_file, wait_for_end, write_pid_file
from spoton_local.processes import Processes
from spoton_local.waiting import wait_until


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


FIRST_THREAD_ENDS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def record_of(pid: int) -> PidRecord:
    return PidRecord(
        pid=pid, born=birth_mark(pid) or "", fingerprint="", stop_signal=signal.SIGTERM, stop_timeout_s=5.0
    )


def earlier_process_with_this_pid(pid: int) -> PidRecord:
    """The record of a process that died, and whose pid the kernel has given to another one since."""
    record = record_of(pid)
    boot, _, ticks = record.born.rpartition(":")
    return dataclasses.replace(record, born=f"{boot}:{int(float(ticks)) - 1}")


def test_a_record_survives_writing_and_reading(tmp_path: Path) -> None:
    record = record_of(os.getpid())
    write_pid_file(tmp_path / "me.json", record)
    assert read_pid_file(tmp_path / "me.json") == record
    assert is_alive(record)


def test_no_file_is_no_record(tmp_path: Path) -> None:
    assert read_pid_file(tmp_path / "nobody.json") is None


def test_an_ended_process_is_not_alive(sleeper: "subprocess.Popen[bytes]") -> None:
    record = record_of(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert not is_alive(record)


def test_a_zombie_is_not_alive(sleeper: "subprocess.Popen[bytes]") -> None:
    record = record_of(sleeper.pid)
    sleeper.kill()
    psutil.Process(sleeper.pid).status()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the process table
    assert not is_alive(record)


def test_a_process_with_a_recycled_pid_is_not_ours_and_is_not_stopped(
    sleeper: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    layout = Layout(tmp_path)
    layout.create()
    processes = Processes(layout)
    write_pid_file(processes.pid_file("kafka"), earlier_process_with_this_pid(sleeper.pid))

    assert processes.running("kafka") is None
    assert processes.stop("kafka") is False
    assert sleeper.poll() is None
    assert not processes.pid_file("kafka").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_is_alive_until_its_last_thread_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", FIRST_THREAD_ENDS], start_new_session=True)
    try:

        def first_thread_ended() -> None:
            if psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
                raise NotReady("still running")

        wait_until(first_thread_ended, what="the first thread's end", timeout_s=20)
        assert birth_mark(process.pid) is not None
    finally:
        process.kill()
        process.wait()


def test_waiting_for_the_end_names_who_stays(sleeper: "subprocess.Popen[bytes]") -> None:
    assert wait_for_end([sleeper.pid], timeout_s=0) == [sleeper.pid]
    sleeper.kill()
    assert wait_for_end([sleeper.pid], timeout_s=10) == []
