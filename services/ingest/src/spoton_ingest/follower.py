"""Reads a topic from a point on, all partitions, outside of any consumer group."""

import time
from typing import Generic, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from spoton_common import metrics
from spoton_common.kafka.client import client_config
from spoton_common.kafka.ends import TopicEnds
from spoton_common.logging import get_logger
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.topics import ENVIRONMENTS, Topic

from spoton_ingest.publisher import NAME

R = TypeVar("R")

_log = get_logger()

_TIMEOUT_S = 10.0
_BATCH = 500


class TopicFollower(Generic[R]):
    """Gives every record of a topic once, in order per partition; used by one thread."""

    def __init__(self, bootstrap: str, codec: Codec, topic: Topic[R], since_ms: int | None = None) -> None:
        """Begin at ``since_ms`` (record time, milliseconds since 1970), or at the topic's beginning.

        ``KafkaException`` if the broker is away; ``catch_up`` raises it too, and may be called again.
        """
        self._topic = topic
        self._codec = codec
        self._found: list[tuple[str, R | None]] = []
        self._removable = topic is ENVIRONMENTS  # compacted: there a record without value removes its key
        self._consumer = Consumer(
            {
                **client_config(bootstrap),
                "group.id": "unused",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
            }
        )
        self._ends = TopicEnds(bootstrap, topic.name)
        metadata = self._consumer.list_topics(topic.name, timeout=_TIMEOUT_S).topics[topic.name]
        if metadata.error is not None:
            raise KafkaException(metadata.error)
        self._next = dict.fromkeys(metadata.partitions, 0)
        self._consumer.assign(self._beginnings(since_ms))

    def poll(self) -> list[tuple[str, R | None]]:
        """Return what has arrived: keys and records, None for a removed key."""
        messages = self._consumer.consume(_BATCH, 0)
        found, self._found = self._found, []
        return found + [record for message in messages if (record := self._read(message)) is not None]

    def catch_up(self) -> list[tuple[str, R | None]]:
        """Return everything up to the topic's present end."""
        ends = self._ends.of(self._next, _TIMEOUT_S)
        deadline = time.monotonic() + _TIMEOUT_S
        while any(self._next[number] < end for number, end in ends.items()):
            if time.monotonic() > deadline:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
            for message in self._consumer.consume(_BATCH, 0.1):
                deadline = time.monotonic() + _TIMEOUT_S
                if (record := self._read(message)) is not None:
                    self._found.append(record)
        found, self._found = self._found, []
        return found

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def _beginnings(self, since_ms: int | None) -> list[TopicPartition]:
        numbers = sorted(self._next)
        if since_ms is None:
            return [TopicPartition(self._topic.name, number, OFFSET_BEGINNING) for number in numbers]
        wanted = [TopicPartition(self._topic.name, number, since_ms) for number in numbers]
        # Where nothing is as young, the answer is the end.
        return list(self._consumer.offsets_for_times(wanted, _TIMEOUT_S))

    def _read(self, message: Message) -> tuple[str, R | None] | None:
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self._next[message.partition()] = message.offset()
            elif error.fatal():
                raise KafkaException(error)
            else:
                _log.warning("kafka says", topic=self._topic.name, error=str(error))
            return None
        self._next[message.partition()] = message.offset() + 1
        key = (message.key() or b"").decode(errors="replace")
        if message.value() is None and self._removable:
            return key, None
        try:
            return key, self._codec.read(self._topic, message.key(), message.value())
        except UnreadableRecord as unreadable:
            metrics.DROPPED.labels(NAME, unreadable.reason).inc()
            _log.warning("record unreadable", topic=self._topic.name, error=str(unreadable))
            return None
