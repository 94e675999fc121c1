"""Errors of this package.

SchemaError
├── UnreadableRecord   a record is not in Confluent's wire format, or does not fit its schema
├── UnwritableRecord   a value does not fit the topic's schema
└── IncompatibleSchema the registry refuses a schema because readers of older records would break
"""


class SchemaError(Exception):
    """Something is wrong with a record or a schema."""


class UnreadableRecord(SchemaError):
    """A record is not in Confluent's wire format, or does not fit its schema."""


class UnwritableRecord(SchemaError):
    """A value does not fit the topic's schema."""


class IncompatibleSchema(SchemaError):
    """The registry refuses a schema because readers of older records would break."""
