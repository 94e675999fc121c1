"""The whole line on a stack of its own, and what a task costs on it."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from spoton_cli.environment_commands import register_environment
from spoton_cli.exporting import write_export
from spoton_cli.gateway import Gateway
from spoton_cli.run_command import RunReport, run_task
from spoton_local import Connections, Layout, stack
from spoton_local.layout import STATE_DIR_VARIABLE
from spoton_local.plan import load_plan
from spoton_local.ports import BASE_VARIABLE, DEFAULT_BASE, HOST
from spoton_local.processes import Processes

from spoton_bench.materials import Materials
from spoton_bench.usage import Usage, usage

_PORTS_APART = 60


@dataclass(frozen=True, slots=True)
class LineRun:
    """One task: its report, CPU seconds by component, and where its identities were written."""

    report: RunReport
    cpu_s: Mapping[str, float]
    export: Path


class Line:
    """A running stack. Settings of services are chosen by starting them again."""

    def __init__(self, layout: Layout, materials: Materials) -> None:
        self._layout = layout
        self._materials = materials
        self._settings: dict[str, str] = {}
        self.connections = self._up()

    def configure(self, services: tuple[str, ...], settings: Mapping[str, str]) -> None:
        """Start these services again with these variables instead of those given before."""
        if settings == self._settings:
            return
        for name in self._settings:
            os.environ.pop(name, None)
        os.environ.update(settings)
        self._settings = dict(settings)
        processes = Processes(self._layout)
        for service in services:
            processes.stop(service)
        self.connections = self._up()

    def embed_with(self, embedder: Path) -> None:
        """Let Re-ID use another model."""
        self._materials = replace(self._materials, embedder=embedder)
        self.connections = self._up()

    def run(self, materials: Materials, out: Path, on_start: Callable[[str], None] = lambda _task: None) -> LineRun:
        """Run an environment until its last record is in the database."""
        with Gateway(self.connections.gateway_url) as gateway:
            environment_id = register_environment(materials.folder)
            gateway.wait_for_environment(environment_id)
            before = self.usage()
            report = run_task(gateway, environment_id, on_start)
            spent = self.usage().cpu_since(before)
            if not report.complete:
                raise RuntimeError(f"the line lost frames: {report}")
            for identities in ("revised", "live"):
                write_export(gateway, report.task_id, "mot", identities, out / identities)
        return LineRun(report, spent, out / "revised")

    def service_url(self, name: str) -> str:
        """Return where a service serves its health and metrics."""
        plan = load_plan(self._layout)
        assert plan is not None
        return f"http://{HOST}:{getattr(plan.ports, name)}"

    def usage(self) -> Usage:
        """Read what all components have used until now."""
        return usage(self._layout)

    def _up(self) -> Connections:
        return stack.up(self._layout, detector=str(self._materials.detector), embedder=str(self._materials.embedder))


@contextmanager
def running_line(root: Path, materials: Materials) -> Iterator[Line]:
    """Start an empty stack below ``root``, beside one that may be in use, and stop it at the end."""
    layout = Layout(root)
    stack.down(layout)
    shutil.rmtree(layout.root)
    os.environ[STATE_DIR_VARIABLE] = str(root)
    os.environ.setdefault(BASE_VARIABLE, str(DEFAULT_BASE + _PORTS_APART))
    try:
        yield Line(layout, materials)
    finally:
        stack.down(layout)
