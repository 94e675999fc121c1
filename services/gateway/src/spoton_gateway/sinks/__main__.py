"""``python -m spoton_gateway.sinks``."""

import sys
import threading
from collections.abc import Callable, Sequence

from spoton_common.description import read_settings
from spoton_common.health import Health, State
from spoton_common.kafka.registry import patient_codec
from spoton_common.logging import configure_logging
from spoton_common.runtime.service import run_service
from spoton_common.servers import Patience, kafka, registry
from spoton_common.settings import Connections, ServiceSettings, TracingSettings
from spoton_common.tracing import configure_tracing

from spoton_gateway.description import SINK
from spoton_gateway.settings import SinkSettings
from spoton_gateway.sinks.loop import NAME, Sink


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sink until it is told to stop; return the exit status."""
    settings = read_settings(SINK, SinkSettings, arguments)
    service, connections = ServiceSettings(), Connections()
    configure_logging(NAME, service.log_level, service.instance)
    health = Health()
    health.set("database", State.UNHEALTHY, "connecting")
    tracing = configure_tracing(NAME, TracingSettings())

    def loop(stop: threading.Event, ready: Callable[[], None]) -> None:
        codec = patient_codec(connections.registry_url, Patience(NAME, stop, health))
        Sink(connections, settings, codec, health, tracing).run(stop, ready)

    servers = {"kafka": kafka(connections.kafka_bootstrap), "registry": registry(connections.registry_url)}
    return run_service({NAME: loop}, service, health, servers)


if __name__ == "__main__":
    sys.exit(main())
