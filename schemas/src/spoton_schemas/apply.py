"""Create the topics and register the schemas: ``python -m spoton_schemas.apply``.

Does nothing where all is as it should be. Reads SPOTON_KAFKA_BOOTSTRAP and SPOTON_REGISTRY_URL.
"""

import os
import sys

import msgspec
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from spoton_schemas.errors import IncompatibleSchema
from spoton_schemas.topics import TOPICS, topic_settings

_CONFLICT = 409
_TIMEOUT_S = 30.0  # a broker that has just started elects leaders for some seconds


def create_topics(admin: AdminClient, replication_factor: int = 1) -> list[str]:
    """Create the topics that do not exist yet and return their names."""
    existing = admin.list_topics(timeout=_TIMEOUT_S).topics
    missing = [
        NewTopic(t.name, t.partitions, replication_factor, config=t.config)
        for t in topic_settings()
        if t.name not in existing
    ]
    created = []
    for name, future in admin.create_topics(missing, operation_timeout=_TIMEOUT_S).items() if missing else ():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        else:
            created.append(name)
    return created


def register_schemas(registry: SchemaRegistryClient) -> None:
    """Register each topic's schema, backward compatible; ``IncompatibleSchema`` if the registry refuses one."""
    for topic in TOPICS.values():
        schema = Schema(msgspec.json.encode(topic.schema()).decode(), "AVRO")
        try:
            registry.register_schema(topic.subject, schema)
        except SchemaRegistryError as error:
            if error.http_status_code == _CONFLICT:
                raise IncompatibleSchema(f"{topic.subject}: {error.error_message}") from error
            raise
        registry.set_compatibility(topic.subject, "BACKWARD")


def main() -> None:
    """Apply topics and schemas to the servers named in the environment."""
    bootstrap = os.environ["SPOTON_KAFKA_BOOTSTRAP"]
    created = create_topics(AdminClient({"bootstrap.servers": bootstrap}))
    register_schemas(SchemaRegistryClient({"url": os.environ["SPOTON_REGISTRY_URL"]}))
    sys.stdout.write(f"topics created: {', '.join(created) or 'none'}; schemas registered: {len(TOPICS)}\n")


if __name__ == "__main__":
    main()
