from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema
from confluent_kafka.schema_registry.error import SchemaRegistryError
from spoton_schemas.codec import Codec


class MemoryRegistry:
    """The two look-ups that the codec makes."""

    def __init__(self) -> None:
        self.schemas: list[Schema] = []

    def lookup_schema(self, _subject: str, schema: Schema) -> Any:
        self.schemas.append(schema)
        return SimpleNamespace(schema_id=len(self.schemas) - 1)

    def get_schema(self, schema_id: int) -> Schema:
        if schema_id >= len(self.schemas):
            raise SchemaRegistryError(404, 40403, "Schema not found")
        return self.schemas[schema_id]


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


@pytest.fixture
def codec(registry: MemoryRegistry) -> Codec:
    return Codec(registry)  # type: ignore[arg-type]
