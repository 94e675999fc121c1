"""Confluent wire format: a zero byte, the schema's id as big-endian int32, the Avro datum."""

import io
import struct
from typing import Any, Protocol, TypeVar, cast

import fastavro
import msgspec
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from spoton_schemas.errors import (
    ImplausibleRecord,
    MisplacedRecord,
    MissingValue,
    OversizedRecord,
    UnknownSchema,
    UnreadableRecord,
    UnwritableRecord,
    WrongSchema,
)
from spoton_schemas.plausibility import check
from spoton_schemas.topics import MAX_RECORD_BYTES, Topic

R = TypeVar("R")

_HEADER = struct.Struct(">bI")
_MAGIC = 0
_NOT_FOUND = 404
_LAST_SCHEMA_ID = 2**31 - 1  # registries answer larger ones with errors that look like their own


_REGISTRY_TIMEOUT_S = 10.0  # the client has none of its own


class SchemaSource(Protocol):
    """What a codec asks a registry; ``SchemaRegistryClient`` does."""

    def lookup_schema(self, subject_name: str, schema: Schema) -> Any:
        """Find the id of a schema."""

    def get_schema(self, schema_id: int) -> Any:
        """Find the schema of an id."""


class Codec:
    """Turns records into bytes and back; schemas come from the registry and are kept.

    Not thread-safe while it meets a schema for the first time; give each thread its own.
    """

    def __init__(self, registry: SchemaSource) -> None:
        self._registry = registry
        self._schema_ids: dict[str, int] = {}
        self._writer_schemas: dict[int, Any] = {}
        self._reader_schemas: dict[str, Any] = {}
        self._pairs: dict[tuple[int, str], tuple[Any, Any]] = {}

    @classmethod
    def connect(cls, registry_url: str) -> "Codec":
        """Make a codec for the registry at that URL; nothing is contacted before the first record."""
        return cls(SchemaRegistryClient({"url": registry_url, "timeout": _REGISTRY_TIMEOUT_S}))

    def encode(self, topic: Topic[R], record: R) -> bytes:
        """Write a record; ``UnwritableRecord`` if it does not fit the topic's schema."""
        schema_id = self._schema_id(topic)
        buffer = io.BytesIO()
        buffer.write(_HEADER.pack(_MAGIC, schema_id))
        datum = msgspec.to_builtins(record, builtin_types=(bytes,))
        try:
            fastavro.schemaless_writer(buffer, self._reader_schema(topic), datum, disable_tuple_notation=True)
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
            raise UnwritableRecord(f"{topic.name}: {error}") from error
        if buffer.tell() > MAX_RECORD_BYTES:
            raise UnwritableRecord(f"{topic.name}: {buffer.tell()} bytes, {MAX_RECORD_BYTES} are allowed")
        return buffer.getvalue()

    def read(self, topic: Topic[R], key: bytes | None, data: bytes | None) -> R:
        """Read a record with the Kafka key that it came with: the one door through which records enter a stage.

        ``UnreadableRecord``, whose ``reason`` says what is wrong with it; ``SchemaRegistryError`` and connection
        errors pass, they say nothing about the record.
        """
        record = self.decode(topic, data)
        wanted = topic.key(record).encode()
        if key != wanted:
            raise MisplacedRecord(f"{topic.name}: the key is {(key or b'')[:100]!r}, its content asks for {wanted!r}")
        return record

    def decode(self, topic: Topic[R], data: bytes | None) -> R:
        """Read a record's value; as ``read``, but for the key."""
        if data is None:
            raise MissingValue("the record has no value")
        if len(data) > MAX_RECORD_BYTES:
            raise OversizedRecord(f"{len(data)} bytes, {MAX_RECORD_BYTES} are allowed")
        if len(data) < _HEADER.size or data[0] != _MAGIC:
            raise UnreadableRecord("the record does not begin with Confluent's zero byte and schema id")
        writer_schema, reader_schema = self._schemas(_HEADER.unpack_from(data)[1], topic)
        buffer = io.BytesIO(memoryview(data)[_HEADER.size :])
        try:
            datum = fastavro.schemaless_reader(buffer, writer_schema, reader_schema)
        except Exception as error:  # fastavro raises whatever the broken bytes lead it to
            raise UnreadableRecord(f"{topic.name}: {type(error).__name__}: {error}") from error
        if buffer.tell() != len(data) - _HEADER.size:
            raise UnreadableRecord(f"{topic.name}: {len(data) - _HEADER.size - buffer.tell()} bytes behind the record")
        try:
            record = msgspec.convert(datum, topic.record_type)
        except msgspec.ValidationError as error:
            raise ImplausibleRecord(f"{topic.name}: {error}", datum) from error
        check(record)
        return record

    def _schema_id(self, topic: Topic[Any]) -> int:
        if topic.name not in self._schema_ids:
            schema = Schema(msgspec.json.encode(topic.schema()).decode(), "AVRO")
            registered = self._registry.lookup_schema(topic.subject, schema)
            self._schema_ids[topic.name] = cast(int, registered.schema_id)
        return self._schema_ids[topic.name]

    def _reader_schema(self, topic: Topic[Any]) -> Any:
        if topic.name not in self._reader_schemas:
            self._reader_schemas[topic.name] = fastavro.parse_schema(topic.schema())
        return self._reader_schemas[topic.name]

    def _schemas(self, schema_id: int, topic: Topic[Any]) -> tuple[Any, Any]:
        """Return the writer's schema and ours; None for ours where it is the same, which fastavro compares each time.

        ``WrongSchema`` if the topic takes other records.
        """
        if (schema_id, topic.name) not in self._pairs:
            writer, reader = self._writer_schema(schema_id), self._reader_schema(topic)
            if writer["name"] != reader["name"]:
                raise WrongSchema(f"{topic.name} takes {reader['name']}, this is a {writer['name']}")
            self._pairs[schema_id, topic.name] = writer, None if writer == reader else reader
        return self._pairs[schema_id, topic.name]

    def _writer_schema(self, schema_id: int) -> Any:
        if schema_id not in self._writer_schemas:
            self._writer_schemas[schema_id] = _parse(schema_id, self._fetch(schema_id))
        return self._writer_schemas[schema_id]

    def _fetch(self, schema_id: int) -> Schema:
        if schema_id > _LAST_SCHEMA_ID:
            raise UnknownSchema(f"{schema_id} is no id of a schema")
        try:
            return self._registry.get_schema(schema_id)
        except SchemaRegistryError as error:
            if error.http_status_code == _NOT_FOUND:
                raise UnknownSchema(f"the registry knows no schema {schema_id}") from error
            raise


def _parse(schema_id: int, schema: Schema) -> Any:
    """Parse what the registry has, which anybody may have put there: only a whole Avro record is of use."""
    try:
        parsed = fastavro.parse_schema(msgspec.json.decode(schema.schema_str))
    except Exception as error:  # fastavro raises whatever a document that is no schema leads it to
        raise UnknownSchema(f"schema {schema_id} is no Avro schema: {type(error).__name__}: {error}") from error
    if not isinstance(parsed, dict) or parsed.get("type") != "record":
        raise WrongSchema(f"schema {schema_id} is no record")
    return parsed
