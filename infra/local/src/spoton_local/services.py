"""Our own service processes."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from spoton_local.component import Report
from spoton_local.connections import Connections
from spoton_local.layout import Layout
from spoton_local.plan import DETECTOR_VARIABLE, EMBEDDER_VARIABLE, Plan
from spoton_local.ports import HOST
from spoton_local.processes import Launch
from spoton_local.registry import require_ok

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Service:
    """One service of the pipeline.

    Attributes:
        name: as in `spoton status`; also the name of its port.
        module: run as `python -m module`.
        runs_models: it does the heavy arithmetic and gets more threads.
        reads_files: it opens `file://` sources and is told the allowed roots.
        takes_uploads: it keeps files for those that read them.
        keeps_videos: it makes annotated videos, or hands them out.
        asks_others: it reports the health of all services and is told where to ask.
        model_variable: the setting that names its model, if it has one.

    """

    name: str
    module: str
    runs_models: bool = False
    reads_files: bool = False
    takes_uploads: bool = False
    keeps_videos: bool = False
    asks_others: bool = False
    model_variable: str | None = None


SERVICES = (
    Service("ingest", "spoton_ingest", reads_files=True),
    Service("detector", "spoton_detector", runs_models=True, model_variable=DETECTOR_VARIABLE),
    Service("reid", "spoton_reid", runs_models=True, model_variable=EMBEDDER_VARIABLE),
    Service("mapper", "spoton_mapper"),
    Service("events", "spoton_mapper.events"),
    Service("gateway", "spoton_gateway", reads_files=True, takes_uploads=True, keeps_videos=True, asks_others=True),
    Service("sink", "spoton_gateway.sinks"),
    Service("videos", "spoton_gateway.videos", reads_files=True, keeps_videos=True),
)


class ServiceProcess:
    """A service of one stack."""

    needs: tuple[str, ...] = ()
    ready_timeout_s = 240.0  # importing torch and loading models, all services at once, on two slow cores

    def __init__(self, service: Service, layout: Layout, plan: Plan, connections: Connections) -> None:
        self._service = service
        self._layout = layout
        self._plan = plan
        self._connections = connections
        self._port = int(getattr(plan.ports, service.name))

    @property
    def name(self) -> str:
        """The service's name."""
        return self._service.name

    @property
    def ports(self) -> dict[str, int]:
        """Its HTTP port."""
        return {self.name: self._port}

    def prepare(self, report: Report) -> None:
        """Nothing: services make what they need."""

    def launch(self) -> Launch:
        """Return the service's command and settings."""
        return Launch(argv=(sys.executable, "-m", self._service.module), environment=self._environment())

    def _environment(self) -> dict[str, str]:
        environment = self._connections.as_environment()
        environment["SPOTON_HTTP_PORT"] = str(self._port)
        environment["PYTHONUNBUFFERED"] = "1"
        environment.update(thread_counts(self._service.runs_models))
        if self._service.reads_files:
            environment["SPOTON_FILE_ROOTS_FILE"] = str(self._layout.file_roots)
            environment["SPOTON_FILE_ROOTS"] = json.dumps([str(self._layout.uploads)])
        if self._service.takes_uploads:
            environment["SPOTON_GATEWAY_UPLOAD_DIR"] = str(self._layout.uploads)
        if self._service.keeps_videos:
            environment["SPOTON_VIDEOS_DIR"] = str(self._layout.videos)
        if self._service.asks_others:
            environment["SPOTON_GATEWAY_SERVICE_HEALTH_URLS"] = json.dumps(self._health_urls())
        model = self._models().get(self._service.model_variable or "")
        if model:
            environment[str(self._service.model_variable)] = model
        return environment

    def _health_urls(self) -> dict[str, str]:
        others = [service.name for service in SERVICES if service.name != self.name]
        return {name: f"http://{HOST}:{getattr(self._plan.ports, name)}/health" for name in others}

    def _models(self) -> Mapping[str, str | None]:
        return {
            DETECTOR_VARIABLE: self._plan.detector_model,
            EMBEDDER_VARIABLE: self._plan.embedder_model,
        }

    def check(self) -> None:
        """Ready when its /health says 200: models loaded and warm."""
        require_ok(f"http://{HOST}:{self._port}/health")

    def finish(self) -> None:
        """Nothing."""


def thread_counts(runs_models: bool, cores: int | None = None) -> dict[str, str]:
    """Thread-pool sizes: half the cores for a service that runs models, one for any other.

    The detector and Re-ID run side by side, so each gets half; pools of all cores in every process would fight
    over them (a BLAS thread that waits spins). The other services do small arithmetic that threads only slow down.
    """
    available = cores or _usable_cores()
    count = max(1, available // 2) if runs_models else 1
    return dict.fromkeys(THREAD_VARIABLES, str(count))


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux; heeds taskset and cpusets
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
