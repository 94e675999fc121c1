"""``python -m spoton_gateway.sinks``."""

import sys
from collections.abc import Sequence

from spoton_common.description import read_settings
from spoton_common.health import Health, State
from spoton_common.logging import configure_logging
from spoton_common.runtime.service import run_service
from spoton_common.settings import Connections, ServiceSettings, TracingSettings
from spoton_common.tracing import configure_tracing
from spoton_schemas.codec import Codec

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
    sink = Sink(connections, settings, Codec.connect(connections.registry_url), health, tracing)
    return run_service({NAME: sink.run}, service, health)


if __name__ == "__main__":
    sys.exit(main())
