"""The mapper's process: settings, stage and loop put together."""

from collections.abc import Sequence

from spoton_common.description import read_settings
from spoton_common.health import Health
from spoton_common.logging import configure_logging
from spoton_common.runtime.runner import RunnerOptions, StageRunner
from spoton_common.runtime.service import run_service
from spoton_common.runtime.stage import KeyedStage
from spoton_common.settings import Connections, ServiceSettings, TracingSettings
from spoton_common.tracing import configure_tracing
from spoton_schemas.codec import Codec
from spoton_schemas.records import Stage
from spoton_schemas.topics import GLOBAL_IDS

from spoton_mapper.description import MAPPER
from spoton_mapper.settings import MapperSettings
from spoton_mapper.stage import MapperMachine


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; return the exit status."""
    parameters = read_settings(MAPPER, MapperSettings, arguments).parameters()
    service, connections = ServiceSettings(), Connections()
    configure_logging("mapper", service.log_level, service.instance)
    runner = StageRunner(
        RunnerOptions("mapper", Stage.MAPPER),
        KeyedStage(GLOBAL_IDS, lambda _task: MapperMachine(parameters)),
        GLOBAL_IDS,
        connections.kafka_bootstrap,
        Codec.connect(connections.registry_url),
        configure_tracing("mapper", TracingSettings()),
    )
    return run_service({"mapper": runner.run}, service, Health())
