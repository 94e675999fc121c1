"""Settings of the gateway and of the sink."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """What the gateway alone has. Read from ``SPOTON_GATEWAY_*`` variables."""

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_GATEWAY_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_gateway"
    )

    service_health_urls: dict[str, str] = Field(
        default_factory=dict, description='Health pages of the other services, as JSON {"detector": "http://…/health"}'
    )
    ws_log_messages: int = Field(
        2000, description="Messages kept in memory for each watched task: how far a client may fall behind", ge=10
    )
    ws_stall_s: float = Field(
        10.0, description="How long a WebSocket client may take to accept one message, seconds", gt=0
    )


class SinkSettings(BaseSettings):
    """What the database sink alone has. Read from ``SPOTON_SINK_*`` variables."""

    model_config = SettingsConfigDict(
        env_prefix="SPOTON_SINK_", frozen=True, cli_kebab_case=True, cli_prog_name="spoton_gateway.sinks"
    )

    max_batch: int = Field(500, description="Kafka records written in one transaction at most", ge=1)
