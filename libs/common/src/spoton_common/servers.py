"""Servers that go away: waiting for them, and telling of it in the log and in /health."""

import http.client
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import tenacity
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from spoton_common.errors import ServerAway
from spoton_common.health import Health, State
from spoton_common.kafka.client import client_config
from spoton_common.logging import get_logger

T = TypeVar("T")

_log = get_logger()

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0  # an operator who brings a server back sees it noticed within this time
_LOOK_EVERY_S = 2.0
_TIMEOUT_S = 3.0  # a server that needs longer for so little is as good as away


@dataclass(frozen=True, slots=True)
class Patience:
    """Repeats calls to servers until they answer, for one loop of a process."""

    loop: str
    stop: threading.Event
    health: Health
    if_away: State = State.UNHEALTHY

    def call(self, server: str, work: Callable[[], T], away: type[Exception] | tuple[type[Exception], ...]) -> T:
        """Return what ``work`` returns, however long the server is away; its other exceptions pass.

        Pauses grow and are jittered. The log says once that the loop waits and once that it goes on; meanwhile its
        health is bad and says why. ``ServerAway`` if the process is told to stop.
        """
        told = False

        def tell(state: tenacity.RetryCallState) -> None:
            nonlocal told
            why = _why(state.outcome.exception() if state.outcome else None)
            self.health.set(self.loop, self.if_away, f"waiting for {server}: {why}")
            if not told:
                _log.warning("waiting for a server", loop=self.loop, server=server, error=why)
            told = True

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(away),
            wait=tenacity.wait_exponential_jitter(
                multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S, jitter=_FIRST_PAUSE_S
            ),
            stop=tenacity.stop_when_event_set(self.stop),
            sleep=tenacity.sleep_using_event(self.stop),
            before_sleep=tell,
        )
        try:
            result = retrying(work)
        except tenacity.RetryError as error:
            raise ServerAway(f"{server}: {_why(error.last_attempt.exception())}") from error
        if told:
            _log.info("the server answers again", loop=self.loop, server=server)
            self.health.set(self.loop, State.HEALTHY)
        return result


def _why(error: BaseException | None) -> str:
    return str(error.args[0].str()) if isinstance(error, KafkaException) else str(error)


@dataclass(frozen=True, slots=True)
class Server:
    """A server to look after: how bad its absence is, and a question that raises ``ServerAway`` if it is away."""

    ask: Callable[[], None]
    if_away: State


def watch_servers(servers: Mapping[str, Server], health: Health, stop: threading.Event) -> threading.Thread:
    """Ask each server every two seconds, in a thread, and tell its state in ``health`` under its name.

    The log gets one line when a server goes away and one when it is back.
    """
    thread = threading.Thread(target=_watch, args=(servers, health, stop), name="servers", daemon=True)
    thread.start()
    return thread


def _watch(servers: Mapping[str, Server], health: Health, stop: threading.Event) -> None:
    away: set[str] = set()
    while not stop.is_set():
        for name, server in servers.items():
            try:
                server.ask()
            except ServerAway as error:
                health.set(name, server.if_away, str(error))
                if name not in away:
                    _log.warning("server away", server=name, error=str(error))
                    away.add(name)
            else:
                health.set(name, State.HEALTHY)
                if name in away:
                    _log.info("server back", server=name)
                    away.remove(name)
        stop.wait(_LOOK_EVERY_S)


def kafka(bootstrap: str) -> Server:
    """Without Kafka a stage can do nothing."""
    admin = AdminClient(client_config(bootstrap))

    def ask() -> None:
        try:
            brokers = admin.list_topics(timeout=_TIMEOUT_S).brokers
        except KafkaException as error:
            raise ServerAway(f"no answer from {bootstrap} ({error.args[0].str()})") from error
        if not brokers:
            raise ServerAway(f"{bootstrap} is starting")

    return Server(ask, State.UNHEALTHY)


def registry(url: str) -> Server:
    """Schemas that were met are kept: without the registry, only new ones cannot be read."""
    parts = urlsplit(url)
    address = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection

    def ask() -> None:
        connection = make(address, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", f"{parts.path}/schemas/types")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise ServerAway(f"no answer from {address} ({error})") from error
        finally:
            connection.close()
        if status >= http.client.INTERNAL_SERVER_ERROR:
            raise ServerAway(f"{address} answers {status}")

    return Server(ask, State.DEGRADED)
