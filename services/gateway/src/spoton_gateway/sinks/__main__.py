"""``python -m spoton_gateway.sinks``."""

import sys
import threading
from collections.abc import Callable

from spoton_common.health import Health, State
from spoton_common.kafka.registry import patient_codec
from spoton_common.logging import configure_logging
from spoton_common.runtime.service import run_service
from spoton_common.servers import Patience, kafka, registry
from spoton_common.settings import Connections, ServiceSettings

from spoton_gateway.settings import SinkSettings
from spoton_gateway.sinks.loop import NAME, Sink


def main() -> int:
    """Run the sink until it is told to stop; return the exit status."""
    service, connections = ServiceSettings(), Connections()
    configure_logging(NAME, service.log_level)
    health = Health()
    health.set("database", State.UNHEALTHY, "connecting")

    def loop(stop: threading.Event, ready: Callable[[], None]) -> None:
        codec = patient_codec(connections.registry_url, Patience(NAME, stop, health))
        Sink(connections, SinkSettings(), codec, health).run(stop, ready)

    servers = {"kafka": kafka(connections.kafka_bootstrap), "registry": registry(connections.registry_url)}
    return run_service({NAME: loop}, service, health, servers)


if __name__ == "__main__":
    sys.exit(main())
