"""Settings of the gateway and of the sink."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """What the gateway alone has. Read from ``SPOTON_GATEWAY_*`` variables."""

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_GATEWAY_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_gateway"
    )

    internal_host: str = Field(
        "",
        description="Name of the gateway's container on a private network: it then listens on other addresses than "
        "loopback and answers to this name too. Publish its port on loopback only: there is no access control yet",
    )
    service_health_urls: dict[str, str] = Field(
        default_factory=dict, description='Health pages of the other services, as JSON {"detector": "http://…/health"}'
    )
    allowed_hosts: list[str] = Field(
        ["localhost", "127.0.0.1", "::1"],
        description="Names in the Host header that are answered, as JSON",
        min_length=1,
    )
    allowed_origins: list[str] = Field(
        default_factory=list,
        description='Pages that may use the gateway besides those of the allowed hosts, as JSON ["https://…"]',
    )
    max_connections: int = Field(1500, description="Connections of one process, WebSockets included", ge=1)
    ws_max_clients: int = Field(1000, description="WebSocket clients of one process", ge=1)
    ws_max_readers: int = Field(
        64, description="Tasks, and pasts of tasks, that one process reads for its clients at once", ge=1
    )
    ws_log_mib: float = Field(
        16.0, description="Messages kept in memory by each reader, MiB: how far a live client may fall behind", gt=0
    )
    ws_stall_s: float = Field(
        10.0, description="How long a WebSocket client may take to accept one message, seconds", gt=0
    )
    ws_ping_s: float = Field(
        10.0, description="Time between pings, and for their answer: a silent peer is found within twice this", gt=0
    )


class SinkSettings(BaseSettings):
    """What the database sink alone has. Read from ``SPOTON_SINK_*`` variables."""

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_SINK_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_gateway.sinks"
    )

    max_batch: int = Field(500, description="Kafka records written in one transaction at most", ge=1)
    keep_days: int | None = Field(
        None, description="Tasks that ended more days ago are removed from the database; empty: none is", ge=1
    )
