"""One block of loopback ports for a stack."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields

import psutil

from spoton_local.errors import BadPort, PortInUse

HOST = "127.0.0.1"
BASE_VARIABLE = "SPOTON_LOCAL_PORT_BASE"
DEFAULT_BASE = 19400
"""Below the ephemeral ports of Linux and macOS, so that no outgoing connection takes one by chance."""


@dataclass(frozen=True)
class Ports:
    """Where each component listens; the order is the offset from the base port."""

    kafka: int
    kafka_controller: int
    registry: int
    registry_management: int
    postgres: int
    redis: int
    gateway: int
    ingest: int
    detector: int
    reid: int
    mapper: int
    sink: int
    events: int
    videos: int


def variable_for(name: str) -> str:
    """Return the setting that overrides one port."""
    return f"SPOTON_LOCAL_{name.upper()}_PORT"


def read_ports(environ: Mapping[str, str], remembered: Ports | None = None) -> Ports:
    """Ports from settings; what no setting names stays as it was `remembered`, or follows the base.

    Raises:
        BadPort: a setting is not a port number, or two components would share a port.

    """
    names = [field.name for field in fields(Ports)]
    if remembered is None or BASE_VARIABLE in environ:
        base = _port_number(BASE_VARIABLE, environ.get(BASE_VARIABLE, str(DEFAULT_BASE)))
        values = {name: base + offset for offset, name in enumerate(names)}
    else:
        values = {name: getattr(remembered, name) for name in names}
    for name in names:
        if (text := environ.get(variable_for(name))) is not None:
            values[name] = _port_number(variable_for(name), text)
    _refuse_collisions(values)
    return Ports(**values)


def _port_number(variable: str, text: str) -> int:
    highest = 65535 - len(fields(Ports)) if variable == BASE_VARIABLE else 65535
    if not text.isdecimal() or not 1024 <= int(text) <= highest:
        raise BadPort(f"{variable}={text!r} is not a port number between 1024 and {highest}")
    return int(text)


def _refuse_collisions(values: Mapping[str, int]) -> None:
    seen: dict[int, str] = {}
    for name, port in values.items():
        if port in seen:
            raise BadPort(
                f"{seen[port]} and {name} would share port {port}: "
                f"change {variable_for(seen[port])} or {variable_for(name)}"
            )
        seen[port] = name


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: TIME_WAIT is free
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def require_free(name: str, port: int) -> None:
    """Refuse a port that somebody else holds.

    Raises:
        PortInUse: names the port, its holder where visible, and the setting to change.

    """
    if not is_free(port):
        raise PortInUse(
            f"{name}: port {port} is already used by {_holder(port)}; "
            f"stop it, or set {variable_for(name)} or {BASE_VARIABLE} to another port"
        )


def _holder(port: int) -> str:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS shows other users' sockets to root only
        return "another program"
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        if listens and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.NoSuchProcess:
                break
    return "another program"
