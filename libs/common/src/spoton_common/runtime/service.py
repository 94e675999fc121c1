"""The life of a service process: health, the loops in their threads, signals, a clean stop."""

import signal
import threading
from collections.abc import Callable, Mapping
from types import FrameType, MappingProxyType

from spoton_common.errors import ServerAway
from spoton_common.health import Health, State, serve_health
from spoton_common.logging import get_logger
from spoton_common.servers import Server, watch_servers
from spoton_common.settings import ServiceSettings

_log = get_logger()

Loop = Callable[[threading.Event, Callable[[], None]], None]
"""Works until the event is set; calls the second argument while all is well."""

_STOP_DEADLINE_S = 20.0  # less than the 30 s that Kubernetes and `docker stop -t 30` give


def run_service(
    loops: Mapping[str, Loop],
    settings: ServiceSettings,
    health: Health,
    servers: Mapping[str, Server] = MappingProxyType({}),
) -> int:
    """Run each loop in a thread until SIGTERM or SIGINT, or until one fails; return the exit status.

    ``servers`` are looked after meanwhile; ``/health`` tells of them.
    """
    stop = threading.Event()
    failed: list[str] = []

    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, request_stop)

    def guard(name: str, loop: Loop) -> None:
        try:
            loop(stop, lambda: health.set(name, State.HEALTHY))
        except ServerAway as error:
            _log.warning(
                "stopped while a server is away: unfinished work will be done again", loop=name, error=str(error)
            )
        except Exception:
            _log.exception("loop failed", loop=name)
            health.set(name, State.UNHEALTHY, "it failed, see the log")
            failed.append(name)
        finally:
            stop.set()

    stop_serving = serve_health(health, settings.http_host, settings.http_port)
    watch_servers(servers, health, stop)
    threads = []
    for name, loop in loops.items():
        health.set(name, State.UNHEALTHY, "starting")
        threads.append(threading.Thread(target=guard, args=(name, loop), name=name, daemon=True))
        threads[-1].start()
    _log.info("service started", loops=list(loops))
    stop.wait()
    for thread in threads:
        thread.join(_STOP_DEADLINE_S)
        if thread.is_alive():
            _log.error("loop did not stop in time", loop=thread.name, deadline_s=_STOP_DEADLINE_S)
            failed.append(thread.name)
    stop_serving()
    _log.info("service stopped", failed=failed)
    return 1 if failed else 0
