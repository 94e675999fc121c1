"""Settings that several services share; each service adds a class of its own with its own prefix."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from spoton_common.secrets import require_password, require_secret


class Connections(BaseSettings):
    """Where the servers are. Read from ``SPOTON_*`` variables.

    ``InsecureSettings`` if SPOTON_ENV is production and a URL that is set holds no real password.
    """

    model_config = SettingsConfigDict(env_prefix="SPOTON_", frozen=True)

    kafka_bootstrap: str = Field("127.0.0.1:19400", description="Kafka brokers, host:port[,host:port]")
    registry_url: str = Field(
        "http://127.0.0.1:19402/apis/ccompat/v7", description="Confluent-compatible schema registry"
    )
    database_url: SecretStr = Field(
        SecretStr("postgresql://127.0.0.1:19404/spoton"), description="PostgreSQL, with user and password"
    )
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:19405/0"), description="Redis, with password")

    @model_validator(mode="after")
    def _refuse_placeholders(self) -> Self:
        for name in self.model_fields_set & {"database_url", "redis_url"}:
            require_password(f"SPOTON_{name.upper()}", getattr(self, name).get_secret_value())
        return self


class S3Settings(BaseSettings):
    """Object storage. Read from ``SPOTON_S3_*`` variables; empty keys leave the choice to the AWS defaults.

    ``InsecureSettings`` if SPOTON_ENV is production and the secret key is a placeholder.
    """

    model_config = SettingsConfigDict(env_prefix="SPOTON_S3_", frozen=True)

    endpoint_url: str | None = Field(None, description="S3-compatible endpoint; empty: AWS")
    region: str = Field("us-east-1", description="Region name")
    access_key: SecretStr | None = Field(None, description="Access key id")
    secret_key: SecretStr | None = Field(None, description="Secret access key")

    @model_validator(mode="after")
    def _refuse_placeholder(self) -> Self:
        if self.secret_key is not None:
            require_secret("SPOTON_S3_SECRET_KEY", self.secret_key.get_secret_value())
        return self


class FileAccess(BaseSettings):
    """Which local files may be read as video. Read from ``SPOTON_FILE_*`` variables."""

    model_config = SettingsConfigDict(env_prefix="SPOTON_FILE_", frozen=True)

    roots: tuple[Path, ...] = Field((), description="Files and folders that file:// may name, as a JSON list")
    roots_file: Path | None = Field(None, description="A file with further ones, one a line; read at each use")


class ServiceSettings(BaseSettings):
    """What every service process has. Read from ``SPOTON_*`` variables."""

    model_config = SettingsConfigDict(env_prefix="SPOTON_", frozen=True)

    http_host: str = Field("127.0.0.1", description="Address for /health and /metrics")
    http_port: int = Field(0, description="Port for /health and /metrics; 0: any free one", ge=0, le=65535)
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    instance: str = Field("", description="Name of this instance in logs; empty: host and process id")


class TracingSettings(BaseSettings):
    """Where traces go. Read from OpenTelemetry's own ``OTEL_*`` variables."""

    model_config = SettingsConfigDict(env_prefix="OTEL_", frozen=True)

    exporter_otlp_endpoint: str | None = Field(
        None, description="OTLP/HTTP collector, such as http://127.0.0.1:4318; empty: nothing is recorded"
    )
    traces_sampler_arg: float = Field(
        0.01, ge=0, le=1, description="Share of ticks that is traced; the marks of a task always are"
    )
