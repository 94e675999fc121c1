"""The whole stack: up, down, status."""

import contextlib
import fcntl
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from spoton_local import credentials
from spoton_local.component import Component
from spoton_local.connections import Connections, connections_for
from spoton_local.errors import CommandFailed, NotReady
from spoton_local.kafka import Kafka
from spoton_local.layout import Layout
from spoton_local.plan import Plan, load_plan, make_plan, save_plan
from spoton_local.postgres import Postgres
from spoton_local.processes import Processes, State
from spoton_local.redis import Redis
from spoton_local.registry import Registry
from spoton_local.services import SERVICES, Service, ServiceProcess
from spoton_local.starting import OnProgress, Progress, Starter

SERVER_NAMES = ("kafka", "registry", "postgres", "redis")
SCHEMAS_MODULE = "spoton_schemas.apply"


@dataclass(frozen=True)
class Status:
    """State of every component of a stack."""

    servers: Mapping[str, State]
    services: Mapping[str, State]

    @property
    def all_running(self) -> bool:
        """Whether nothing is missing."""
        return all(state is State.RUNNING for state in (*self.servers.values(), *self.services.values()))


def ignore_progress(progress: Progress) -> None:
    """For callers who show nothing."""


def up(
    layout: Layout,
    *,
    detector: str | None = None,
    embedder: str | None = None,
    servers_only: bool = False,
    services: Sequence[Service] = SERVICES,
    environ: Mapping[str, str] = os.environ,
    on_progress: OnProgress = ignore_progress,
) -> Connections:
    """Start what is not running, restart what was started with other choices, return when all is ready.

    Raises:
        StackError: something could not be started; the message says what and where to look.

    """
    layout.create()
    with _exclusive(layout, on_progress) as lock_descriptor:
        processes = Processes(layout)
        plan = make_plan(_plan_in_force(layout), detector=detector, embedder=embedder, environ=environ)
        save_plan(layout, plan)
        passwords = credentials.load_or_create(layout)
        addresses = connections_for(plan.ports, passwords)
        starter = Starter(processes, lock_descriptor, on_progress)
        starter.start(_servers(layout, plan, passwords))
        _apply_schemas(addresses, on_progress)
        if not servers_only:
            starter.start([ServiceProcess(service, layout, plan, addresses) for service in services])
    return addresses


def down(layout: Layout, on_progress: OnProgress = ignore_progress) -> list[str]:
    """Stop whatever this stack started, services first; the names of what was running."""
    layout.create()
    with _exclusive(layout, on_progress):
        processes = Processes(layout)
        began = time.monotonic()

        def stop(name: str) -> bool:
            on_progress(Progress(name, "stopping", time.monotonic() - began))
            was_running = processes.stop(name)
            on_progress(Progress(name, "stopped", time.monotonic() - began, done=True))
            return was_running

        stopped: list[str] = []
        for group in _stop_order(layout):
            with ThreadPoolExecutor(max_workers=max(1, len(group))) as pool:
                outcomes = pool.map(stop, group)
            stopped += [name for name, was_running in zip(group, outcomes, strict=True) if was_running]
    return stopped


def status(layout: Layout, services: Sequence[Service] = SERVICES) -> Status:
    """Return what every component is doing now."""
    plan = load_plan(layout)
    names = [service.name for service in services]
    if plan is None:
        return Status(servers=dict.fromkeys(SERVER_NAMES, State.STOPPED), services=dict.fromkeys(names, State.STOPPED))
    passwords = credentials.load_or_create(layout)
    addresses = connections_for(plan.ports, passwords)
    components: list[Component] = [
        *_servers(layout, plan, passwords),
        *(ServiceProcess(service, layout, plan, addresses) for service in services),
    ]
    processes = Processes(layout)
    with ThreadPoolExecutor(max_workers=len(components)) as pool:
        found = list(pool.map(lambda component: _state(processes, component), components))
    states = {component.name: state for component, state in zip(components, found, strict=True)}
    return Status(
        servers={name: states[name] for name in SERVER_NAMES}, services={name: states[name] for name in names}
    )


def fallen(layout: Layout, services: Sequence[Service] = SERVICES) -> dict[str, Path]:
    """Return what was started and has ended by itself, with the log that tells why. Asks nobody: quick."""
    processes = Processes(layout)
    names = (*SERVER_NAMES, *(service.name for service in services))
    ended = [name for name in names if processes.record(name) is not None and processes.running(name) is None]
    return {name: processes.log_file(name) for name in ended}


def _state(processes: Processes, component: Component) -> State:
    if processes.record(component.name) is None:
        return State.STOPPED
    if processes.running(component.name) is None:
        return State.FAILED
    try:
        component.check()
    except NotReady:
        return State.STARTING
    return State.RUNNING


def _servers(layout: Layout, plan: Plan, passwords: credentials.Credentials) -> list[Component]:
    return [
        Kafka(layout, plan.ports),
        Registry(plan.ports, passwords),
        Postgres(layout, plan.ports, passwords),
        Redis(layout, plan.ports, passwords),
    ]


def is_running(layout: Layout) -> bool:
    """Tell whether any process of the stack is alive."""
    processes = Processes(layout)
    return any(processes.running(path.stem) for path in layout.run.glob("*.json"))


def _plan_in_force(layout: Layout) -> Plan | None:
    """Return the last plan while anything of it runs: choices last until `down`."""
    return load_plan(layout) if is_running(layout) else None


def _stop_order(layout: Layout) -> list[list[str]]:
    """Everything recorded, in groups that may stop together: users of a server before the server."""
    recorded = {path.stem for path in layout.run.glob("*.json")}
    groups = [
        recorded - set(SERVER_NAMES),
        recorded & {"registry"},
        recorded & {"kafka", "postgres", "redis"},
    ]
    return [sorted(group) for group in groups if group]


def _apply_schemas(addresses: Connections, on_progress: OnProgress) -> None:
    """Create topics and register schemas, in a process of their own that sees only the settings."""
    if importlib.util.find_spec(SCHEMAS_MODULE) is None:
        return
    began = time.monotonic()
    on_progress(Progress("schemas", "applying", 0.0))
    result = subprocess.run(
        (sys.executable, "-m", SCHEMAS_MODULE),
        env={**os.environ, **addresses.as_environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise CommandFailed(f"topics and schemas could not be applied:\n{result.stdout}{result.stderr}")
    on_progress(Progress("schemas", "ready", time.monotonic() - began, done=True))


@contextlib.contextmanager
def _exclusive(layout: Layout, on_progress: OnProgress) -> Iterator[int]:
    """One `up` or `down` at a time; the kernel frees the lock of a killed one."""
    with layout.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_progress(Progress("stack", "waiting for another up or down", 0.0))
            fcntl.flock(lock, fcntl.LOCK_EX)
            on_progress(Progress("stack", "free", 0.0, done=True))
        yield lock.fileno()
