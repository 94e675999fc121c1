"""Errors of this package.

SchemaError
├── UnreadableRecord      a record cannot be read: not Confluent's wire format, not Avro, or not whole
│   ├── MissingValue      it has no value (a tombstone where there are none)
│   ├── OversizedRecord   it is larger than any record may be
│   ├── UnknownSchema     the registry does not know its schema, or that is no Avro schema
│   ├── WrongSchema       it is a record of another topic
│   ├── MisplacedRecord   its Kafka key is not the one that its content asks for
│   └── ImplausibleRecord its values lie outside of all bounds, or contradict each other
├── UnwritableRecord      a value does not fit the topic's schema
└── IncompatibleSchema    the registry refuses a schema because readers of older records would break
"""

from collections.abc import Mapping
from typing import Any


class SchemaError(Exception):
    """Something is wrong with a record or a schema."""


class UnreadableRecord(SchemaError):
    """A record cannot be read; ``reason`` is a label for metrics and dead letters, the message says more."""

    reason = "unreadable"


class MissingValue(UnreadableRecord):
    """A record has no value."""

    reason = "no_value"


class OversizedRecord(UnreadableRecord):
    """A record is larger than any may be."""

    reason = "too_large"


class UnknownSchema(UnreadableRecord):
    """The registry does not know a record's schema, or that is no Avro schema."""

    reason = "unknown_schema"


class WrongSchema(UnreadableRecord):
    """A record is of another topic."""

    reason = "wrong_schema"


class MisplacedRecord(UnreadableRecord):
    """A record's Kafka key is not the one that its content asks for."""

    reason = "wrong_key"


class ImplausibleRecord(UnreadableRecord):
    """A record's values lie outside of all bounds, or contradict each other; ``content`` is what was read."""

    reason = "out_of_bounds"

    def __init__(self, message: str, content: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.content = content or {}


class UnwritableRecord(SchemaError):
    """A value does not fit the topic's schema."""


class IncompatibleSchema(SchemaError):
    """The registry refuses a schema because readers of older records would break."""
