"""The servers and service processes of the harness, killed and started one by one."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from spoton_local import Connections, Layout, stack
from spoton_local.connections import connections
from spoton_local.plan import make_plan, save_plan
from spoton_local.ports import BASE_VARIABLE, HOST
from spoton_local.processes import Processes
from spoton_local.services import SERVICES, ServiceProcess

_READY_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 25.0  # what containers are given, less a little
_POLL_S = 0.1


class NotRecovered(AssertionError):
    """Something did not come back, or ended without being killed."""


@dataclass(slots=True)
class Instance:
    """A running process of a service."""

    service: str
    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def is_ready(self) -> bool:
        """Whether its health page says so."""
        return self.health().get("status") in ("healthy", "degraded")

    def health(self) -> dict[str, Any]:
        """Return what its health page says; nothing before there is one."""
        try:
            found: dict[str, Any] = httpx.get(f"http://{HOST}:{self.port}/health", timeout=5, trust_env=False).json()
        except httpx.HTTPError:
            return {}
        return found


class Fleet:
    """One stack: servers as `spoton up` starts them, services as children of this process. Nothing runs at first."""

    def __init__(self, layout: Layout, port_base: int, detector: str | None = None) -> None:
        layout.create()
        self.layout = layout
        self._plan = make_plan(None, detector=detector, embedder=None, environ={BASE_VARIABLE: str(port_base)})
        save_plan(layout, self._plan)
        self.connections: Connections = connections(layout.root)
        self._environ = {BASE_VARIABLE: str(port_base)}
        self._instances: list[Instance] = []
        self._started = 0

    def start(self, service: str) -> Instance:
        """Start one more process of a service; returns at once."""
        definition = next(s for s in SERVICES if s.name == service)
        launch = ServiceProcess(definition, self.layout, self._plan, self.connections).launch()
        port = int(getattr(self._plan.ports, service))
        if self.instances(service):
            port = _free_port()
        self._started += 1
        log = self.layout.logs / f"{service}.{self._started}.log"
        environment = {**os.environ, **launch.environment, "SPOTON_HTTP_PORT": str(port)}
        with log.open("wb") as output:
            process = subprocess.Popen(launch.argv, env=environment, stdout=output, stderr=subprocess.STDOUT)
        instance = Instance(service, process, port, log)
        self._instances.append(instance)
        return instance

    def instances(self, service: str) -> list[Instance]:
        """Return the processes of a service, oldest first."""
        return [instance for instance in self._instances if instance.service == service]

    def kill(self, instance: Instance) -> None:
        """End a process as a power cut would."""
        self._instances.remove(instance)
        instance.process.kill()
        instance.process.wait()

    def terminate(self, instance: Instance) -> int:
        """Ask a process to end and return its exit status."""
        self._instances.remove(instance)
        instance.process.terminate()
        return instance.process.wait(_STOP_TIMEOUT_S)

    def kill_server(self, name: str) -> None:
        """End a server as a power cut would, with the processes that it has started."""
        record = Processes(self.layout).running(name)
        assert record is not None, f"{name} does not run"
        os.killpg(record.pid, signal.SIGKILL)
        wait_for(lambda: Processes(self.layout).running(name) is None, f"the end of {name}")

    def start_servers(self) -> None:
        """Start the servers that do not run; returns when they are ready."""
        stack.up(self.layout, servers_only=True, environ=self._environ)

    def wait_ready(self, services: tuple[str, ...]) -> None:
        """Wait until each of the services runs in one process, and is well; more than one are reduced to the newest."""
        for service in services:
            for surplus in self.instances(service)[:-1]:
                self.kill(surplus)
            if not self.instances(service):
                self.start(service)
        for instance in list(self._instances):
            wait_for(partial(self._ready_or_dead, instance), f"{instance.service} ({instance.log})")

    def raise_if_crashed(self) -> None:
        """Raise ``NotRecovered`` if a process has ended by itself."""
        for instance in self._instances:
            status = instance.process.poll()
            if status is not None:
                tail = "\n".join(instance.log.read_text(errors="replace").splitlines()[-5:])
                raise NotRecovered(f"{instance.service} ended by itself with status {status} ({instance.log}):\n{tail}")

    def kill_services(self) -> None:
        """End all services as a power cut would."""
        for instance in list(self._instances):
            self.kill(instance)

    def stop(self) -> None:
        """End everything."""
        self.kill_services()
        stack.down(self.layout)

    def _ready_or_dead(self, instance: Instance) -> bool:
        self.raise_if_crashed()
        return instance.is_ready()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until it is so; ``NotRecovered`` after two minutes."""
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise NotRecovered(f"waited {_READY_TIMEOUT_S:.0f} s in vain for {what}")
        time.sleep(_POLL_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
