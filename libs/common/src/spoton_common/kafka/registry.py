"""Schemas from a registry that may be away for a while."""

from typing import Any

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError
from httpx2 import HTTPError  # the client's own; it lets it pass
from spoton_schemas.codec import Codec

from spoton_common.servers import Patience

_TIMEOUT_S = 5.0
_SERVER_ERROR = 500


class _RegistryAway(Exception):
    """No answer, or one that blames the registry itself."""


class PatientRegistry:
    """The two questions that a codec asks, repeated until they are answered; ``ServerAway`` if told to stop."""

    def __init__(self, url: str, patience: Patience) -> None:
        # The client's own retries are short and say nothing.
        self._client = SchemaRegistryClient({"url": url, "timeout": _TIMEOUT_S, "max.retries": 0})
        self._patience = patience
        self._server = f"the schema registry at {url}"

    def lookup_schema(self, subject_name: str, schema: Any) -> Any:
        """Find the id of a schema of ours."""
        return self._ask(self._client.lookup_schema, subject_name, schema)

    def get_schema(self, schema_id: int) -> Any:
        """Find the schema of an id."""
        return self._ask(self._client.get_schema, schema_id)

    def _ask(self, question: Any, *arguments: Any) -> Any:
        def work() -> Any:
            try:
                return question(*arguments)
            except (HTTPError, OSError) as error:
                raise _RegistryAway(str(error) or type(error).__name__) from error
            except SchemaRegistryError as error:
                if error.http_status_code >= _SERVER_ERROR:
                    raise _RegistryAway(str(error)) from error
                raise

        return self._patience.call(self._server, work, _RegistryAway)


def patient_codec(url: str, patience: Patience) -> Codec:
    """Make a codec that waits for the registry where it meets a schema for the first time."""
    return Codec(PatientRegistry(url, patience))
