"""Reads a partition as it is now, outside of any consumer group."""

from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from spoton_common.kafka.client import client_config

_TIMEOUT_S = 10.0


def read_partition(bootstrap: str, topic: str, partition: int) -> Iterator[Message]:
    """Yield all messages of a partition from its beginning to its present end; ``KafkaException`` if it is away."""
    consumer = Consumer(
        {
            **client_config(bootstrap),
            "group.id": "unused",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, partition, 0)])
        while True:
            message = consumer.poll(_TIMEOUT_S)
            if message is None:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                return
            else:
                raise KafkaException(error)
    finally:
        consumer.close()
