"""Direct access to Kafka for the commands that produce and read records."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaException, Message, TopicPartition
from spoton_common.kafka.producer import RecordProducer
from spoton_local import connections
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.topics import MAX_RECORD_BYTES, TOPICS, Topic

_TIMEOUT_S = 10.0


def produce(topic: Topic[Any], record: Any) -> None:
    """Write one record and wait until the broker has it."""
    addresses = connections()
    producer = RecordProducer(addresses.kafka_bootstrap, Codec.connect(addresses.registry_url))
    producer.send(topic, record)
    producer.flush(_TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records to show; None is any."""

    task_id: str | None = None
    camera_id: str | None = None
    kind: str | None = None

    def admits(self, record: dict[str, Any]) -> bool:
        """Tell whether a decoded record is wanted."""
        wanted = {"task_id": self.task_id, "camera_id": self.camera_id, "kind": self.kind}
        return all(value is None or record.get(name) == value for name, value in wanted.items())


def tail(topic: Topic[Any], wanted: Filter, from_beginning: bool, follow: bool) -> Iterator[dict[str, Any]]:
    """Yield a topic's records with key, partition, offset and headers; ends at its present end unless following."""
    addresses = connections()
    codec = Codec.connect(addresses.registry_url)
    consumer = Consumer(
        {
            "bootstrap.servers": addresses.kafka_bootstrap,
            "group.id": f"spoton-tail-{uuid.uuid4()}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "max.partition.fetch.bytes": MAX_RECORD_BYTES,
        }
    )
    try:
        partitions = consumer.list_topics(topic.name, _TIMEOUT_S).topics[topic.name].partitions
        offset = OFFSET_BEGINNING if from_beginning else OFFSET_END
        consumer.assign([TopicPartition(topic.name, number, offset) for number in partitions])
        open_partitions = set(partitions)
        while follow or open_partitions:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                if message.error().name() != "_PARTITION_EOF":
                    raise KafkaException(message.error())
                open_partitions.discard(message.partition())
                continue
            shown = _readable(topic, codec, message)
            if wanted.admits(shown["value"]):
                yield shown
    finally:
        consumer.close()


def _readable(topic: Topic[Any], codec: Codec, message: Message) -> dict[str, Any]:
    try:
        value = msgspec.to_builtins(codec.decode(topic, message.value()), builtin_types=(bytes,))
    except UnreadableRecord as error:
        value = {"unreadable": str(error)}
    headers = {name: (content or b"").decode(errors="replace") for name, content in message.headers() or []}
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "key": (message.key() or b"").decode(errors="replace"),
        "headers": headers,
        "value": without_bytes(value),
    }


def without_bytes(value: Any) -> Any:
    """Replace binary content by its size: pictures and embeddings are no reading matter."""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, dict):
        return {name: without_bytes(content) for name, content in value.items()}
    if isinstance(value, list | tuple):
        return [without_bytes(content) for content in value]
    return value


def as_line(shown: dict[str, Any]) -> str:
    """Write a record as one line of JSON."""
    return json.dumps(shown, ensure_ascii=False)


def topic_named(name: str) -> Topic[Any] | None:
    """Return the topic of that name, if there is one."""
    return TOPICS.get(name)
