"""Snapshots of a stage, one a key, in a compacted topic with the partitions of the stage's input.

A snapshot says how far into the input it stands. States are functions of the input before that offset, so of two
snapshots of a key the one with the larger offset is right, whoever wrote it: an instance that lost its partition
without noticing cannot set the new owner back.
"""

from dataclasses import dataclass, field

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from spoton_schemas.topics import Position

from spoton_common.kafka.client import client_config

_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Progress:
    """How far a stream has been read: the last position, and the frames so far."""

    position: Position
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A key's state after all its input before ``offset``; ``state`` is empty once the key is finished."""

    offset: int
    progress: dict[str, Progress] = field(default_factory=dict)
    state: bytes = b""

    def to_bytes(self) -> bytes:
        """Write as MessagePack."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Snapshot":
        """Read what ``to_bytes`` wrote."""
        return msgspec.msgpack.decode(data, type=cls)


def read_snapshots(bootstrap: str, topic: str, partition: int) -> dict[str, Snapshot]:
    """Read a partition of a state topic from beginning to end and return the newest snapshot of every key.

    ``KafkaException`` if the broker is away.
    """
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
        return _read_to_end(consumer)
    finally:
        consumer.close()


def _read_to_end(consumer: Consumer) -> dict[str, Snapshot]:
    newest: dict[str, Snapshot] = {}
    while True:
        message = consumer.poll(_TIMEOUT_S)
        if message is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                return newest
            raise KafkaException(error)
        value = message.value()
        key = (message.key() or b"").decode()
        if value is None:
            newest.pop(key, None)
            continue
        snapshot = Snapshot.from_bytes(value)
        if key not in newest or snapshot.offset >= newest[key].offset:
            newest[key] = snapshot
