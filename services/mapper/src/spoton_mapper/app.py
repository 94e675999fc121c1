"""The mapper's process: settings, stage and loop put together."""

import threading
from collections.abc import Callable, Sequence

from spoton_common.description import read_settings
from spoton_common.health import Health
from spoton_common.kafka.registry import patient_codec
from spoton_common.logging import configure_logging
from spoton_common.runtime.runner import RunnerOptions, StageRunner
from spoton_common.runtime.service import run_service
from spoton_common.servers import Patience, kafka, registry
from spoton_common.settings import Connections, ServiceSettings, TracingSettings
from spoton_common.tracing import configure_tracing
from spoton_schemas.records import Stage
from spoton_schemas.topics import GLOBAL_IDS

from spoton_mapper.description import MAPPER
from spoton_mapper.habits import HabitsTopic
from spoton_mapper.settings import MapperSettings
from spoton_mapper.stage import MapperStage

NAME = "mapper"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; return the exit status."""
    parameters = read_settings(MAPPER, MapperSettings, arguments).parameters()
    service, connections, health = ServiceSettings(), Connections(), Health()
    configure_logging(NAME, service.log_level, service.instance)
    tracing = configure_tracing(NAME, TracingSettings())

    def loop(stop: threading.Event, ready: Callable[[], None]) -> None:
        patience = Patience(NAME, stop, health)
        codec = patient_codec(connections.registry_url, patience)
        runner = StageRunner(
            RunnerOptions(NAME, Stage.MAPPER),
            MapperStage(parameters, HabitsTopic(connections.kafka_bootstrap, codec, patience, NAME).of),
            GLOBAL_IDS,
            connections.kafka_bootstrap,
            codec,
            tracing,
            health,
        )
        runner.run(stop, ready)

    servers = {"kafka": kafka(connections.kafka_bootstrap), "registry": registry(connections.registry_url)}
    return run_service({NAME: loop}, service, health, servers)
