"""Record this process in a pid file, then become the command: `python -m spoton_local.launch …`.

The record is on disk before the command exists, so a kill of the parent at any moment leaves no unknown process.
The inherited descriptor of the stack's lock stays open until then, so that the next `up` waits for the record.
"""

import argparse
import os
import pwd
from pathlib import Path

from spoton_local.pidfile import PidRecord, birth_mark, write_pid_file


def main() -> None:
    """Parse, record, drop privileges where asked, exec."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pid-file", type=Path, required=True)
    parser.add_argument("--fingerprint", required=True)
    parser.add_argument("--stop-signal", type=int, required=True)
    parser.add_argument("--stop-timeout-s", type=float, required=True)
    parser.add_argument("--lock-descriptor", type=int, required=True)
    parser.add_argument("--account")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    record = PidRecord(
        pid=os.getpid(),
        born=birth_mark(os.getpid()) or "",
        fingerprint=arguments.fingerprint,
        stop_signal=arguments.stop_signal,
        stop_timeout_s=arguments.stop_timeout_s,
    )
    write_pid_file(arguments.pid_file, record)
    os.close(arguments.lock_descriptor)
    if arguments.account:
        become(arguments.account)
    os.execv(arguments.command[0], arguments.command)  # noqa: S606 - the command comes from spoton_local


def become(account: str) -> None:
    """Give up root for good."""
    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    main()
