"""``python -m spoton_gateway.sinks``."""

import sys

from spoton_common.health import Health, State
from spoton_common.logging import configure_logging
from spoton_common.runtime.service import run_service
from spoton_common.settings import Connections, ServiceSettings, TracingSettings
from spoton_common.tracing import configure_tracing
from spoton_schemas.codec import Codec

from spoton_gateway.settings import SinkSettings
from spoton_gateway.sinks.loop import NAME, Sink


def main() -> int:
    """Run the sink until it is told to stop; return the exit status."""
    service, connections = ServiceSettings(), Connections()
    configure_logging(NAME, service.log_level)
    health = Health()
    health.set("database", State.UNHEALTHY, "connecting")
    tracing = configure_tracing(NAME, TracingSettings())
    sink = Sink(connections, SinkSettings(), Codec.connect(connections.registry_url), health, tracing)
    return run_service({NAME: sink.run}, service, health)


if __name__ == "__main__":
    sys.exit(main())
