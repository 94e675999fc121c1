"""How to reach the servers of a local stack."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from spoton_local import credentials
from spoton_local.credentials import Credentials
from spoton_local.errors import NotRunning
from spoton_local.layout import Layout, find_state_dir
from spoton_local.plan import load_plan
from spoton_local.ports import HOST, Ports

POSTGRES_USER = "spoton"
DATABASE = "spoton"


@dataclass(frozen=True)
class Connections:
    """Addresses of one stack; the two URLs with passwords stay out of its repr."""

    kafka_bootstrap: str
    registry_url: str
    gateway_url: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)

    def as_environment(self) -> dict[str, str]:
        """Return the SPOTON_* variables that services and tools read."""
        return {
            "SPOTON_KAFKA_BOOTSTRAP": self.kafka_bootstrap,
            "SPOTON_REGISTRY_URL": self.registry_url,
            "SPOTON_GATEWAY_URL": self.gateway_url,
            "SPOTON_DATABASE_URL": self.database_url,
            "SPOTON_REDIS_URL": self.redis_url,
        }

    def as_public_dict(self) -> dict[str, str]:
        """Return the addresses without passwords, for showing."""
        return {
            "kafka_bootstrap": self.kafka_bootstrap,
            "registry_url": self.registry_url,
            "gateway_url": self.gateway_url,
            "database_url": without_password(self.database_url),
            "redis_url": without_password(self.redis_url),
        }


def connections(state_dir: Path | None = None) -> Connections:
    """Return connection settings, passwords included, of the stack that was last started in `state_dir`.

    Raises:
        NotRunning: no stack was ever started there.
        StateDirNotFound: `state_dir` is None and the working directory is not in a checkout.

    """
    layout = Layout(state_dir or find_state_dir())
    plan = load_plan(layout)
    if plan is None:
        raise NotRunning(f"no stack was started in {layout.root}: run `spoton up` first")
    return connections_for(plan.ports, credentials.load_or_create(layout))


def connections_for(ports: Ports, passwords: Credentials) -> Connections:
    """Return connection settings of servers on these ports."""
    return Connections(
        kafka_bootstrap=f"{HOST}:{ports.kafka}",
        registry_url=f"http://{HOST}:{ports.registry}/apis/ccompat/v7",
        gateway_url=f"http://{HOST}:{ports.gateway}",
        database_url=f"postgresql://{POSTGRES_USER}:{passwords.postgres}@{HOST}:{ports.postgres}/{DATABASE}",
        redis_url=f"redis://default:{passwords.redis}@{HOST}:{ports.redis}/0",
    )


def without_password(url: str) -> str:
    """Return the URL with its password taken out."""
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    return urlunsplit(parts._replace(netloc=f"{user}{parts.hostname}:{parts.port}"))
