"""``python -m spoton_gateway.videos``."""

import sys
from collections.abc import Sequence

from spoton_common.description import read_settings
from spoton_common.health import Health, State
from spoton_common.logging import configure_logging
from spoton_common.runtime.service import run_service
from spoton_common.settings import Connections, FileAccess, S3Settings, ServiceSettings

from spoton_gateway.description import VIDEOS
from spoton_gateway.videos.settings import VideoSettings, WorkerSettings
from spoton_gateway.videos.worker import NAME, Worker


def main(arguments: Sequence[str] | None = None) -> int:
    """Make videos until told to stop; return the exit status."""
    own = read_settings(VIDEOS, WorkerSettings, arguments)
    service = ServiceSettings()
    configure_logging(NAME, service.log_level, service.instance)
    health = Health()
    health.set("database", State.UNHEALTHY, "connecting")
    worker = Worker(Connections(), VideoSettings(), own, FileAccess(), S3Settings(), health)
    return run_service({NAME: worker.run}, service, health)


if __name__ == "__main__":
    sys.exit(main())
