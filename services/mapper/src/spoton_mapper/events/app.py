"""The events process: settings, stage and loop put together."""

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
from spoton_schemas.topics import MAP_POINTS

from spoton_mapper.events.description import EVENTS
from spoton_mapper.events.machine import rules_of
from spoton_mapper.events.settings import EventsSettings
from spoton_mapper.events.stage import EventsStage

NAME = "events"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; return the exit status."""
    make_rules = rules_of(read_settings(EVENTS, EventsSettings, arguments).parameters())
    service, connections, health = ServiceSettings(), Connections(), Health()
    configure_logging(NAME, service.log_level, service.instance)
    tracing = configure_tracing(NAME, TracingSettings())

    def loop(stop: threading.Event, ready: Callable[[], None]) -> None:
        runner = StageRunner(
            RunnerOptions(NAME, Stage.EVENTS, answers=False),
            EventsStage(make_rules),
            MAP_POINTS,
            connections.kafka_bootstrap,
            patient_codec(connections.registry_url, Patience(NAME, stop, health)),
            tracing,
            health,
        )
        runner.run(stop, ready)

    servers = {"kafka": kafka(connections.kafka_bootstrap), "registry": registry(connections.registry_url)}
    return run_service({NAME: loop}, service, health, servers)
