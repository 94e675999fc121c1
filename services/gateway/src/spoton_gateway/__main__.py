"""``python -m spoton_gateway``."""

import ipaddress
import resource
import signal
import sys
from collections.abc import Sequence

import uvicorn
from spoton_common.description import read_settings
from spoton_common.logging import configure_logging, get_logger
from spoton_common.settings import Connections, FileAccess, S3Settings, ServiceSettings

from spoton_gateway.app import create_app
from spoton_gateway.description import GATEWAY
from spoton_gateway.protocols import BoundedHttp, BoundedWebSocket
from spoton_gateway.settings import GatewaySettings

_log = get_logger()

_STOP_DEADLINE_S = 10
_MAX_MESSAGE_BYTES = 4096  # clients have nothing long to say; longer ones end the connection with 1009


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; return the exit status."""
    settings = read_settings(GATEWAY, GatewaySettings, arguments)
    service = ServiceSettings()
    configure_logging("gateway", service.log_level, service.instance)
    if not (is_loopback(service.http_host) or settings.internal_host):
        _log.error("refusing to serve: there is no access control yet, only loopback is safe", host=service.http_host)
        return 2
    allow_open_files()
    app = create_app(Connections(), settings, FileAccess(), S3Settings())
    config = uvicorn.Config(
        app,
        host=service.http_host,
        port=service.http_port,
        log_config=None,
        access_log=False,
        ws_per_message_deflate=False,  # on one machine it costs more than it saves
        http=BoundedHttp,
        ws=BoundedWebSocket,
        ws_max_size=_MAX_MESSAGE_BYTES,
        ws_ping_interval=settings.ws_ping_s,
        ws_ping_timeout=settings.ws_ping_s,
        limit_concurrency=settings.max_connections,
        timeout_graceful_shutdown=_STOP_DEADLINE_S,
    )
    server = uvicorn.Server(config)
    # Uvicorn stops at these signals and then raises them again, for whoever handled them before: that is a clean end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server.run()
    return 0 if server.started else 1


def allow_open_files() -> None:
    """Let this process have as many files and connections open as the system allows it to ask for."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
