"""A producer of typed records that never loses one silently."""

from collections.abc import Mapping
from typing import TypeVar

from confluent_kafka import KafkaError, Message, Producer
from spoton_schemas.codec import Codec
from spoton_schemas.topics import MAX_RECORD_BYTES, Topic

from spoton_common.errors import DeliveryFailed

R = TypeVar("R")

Headers = Mapping[str, bytes]

_QUEUE_WAIT_S = 0.1  # how long to make room before trying a full queue again


class RecordProducer:
    """Writes records of any topic, in order per key; not for use by several threads at once."""

    def __init__(self, bootstrap: str, codec: Codec) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 5,  # small enough for live pictures, long enough to put a batch together
                "message.max.bytes": MAX_RECORD_BYTES,
                # The bound on memory: pictures wait here while the broker is away.
                "queue.buffering.max.kbytes": 131072,
                "partitioner": "murmur2_random",  # the Java client's, so that any producer's keys land alike
            }
        )
        self._codec = codec
        self._failure: KafkaError | None = None

    @property
    def waiting(self) -> int:
        """How many records are on their way to the broker."""
        return len(self._producer)

    def send(self, topic: Topic[R], record: R, headers: Headers | None = None) -> None:
        """Queue a record; ``UnwritableRecord`` if it does not fit, ``DeliveryFailed`` if an earlier one failed."""
        self.send_bytes(topic.name, topic.key(record).encode(), self._codec.encode(topic, record), headers)

    def send_bytes(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None = None,
        partition: int = -1,
    ) -> None:
        """Queue bytes as they are; partition -1 chooses by key."""
        while True:
            self._raise_failure()
            try:
                self._producer.produce(
                    topic,
                    value,
                    key,
                    partition,
                    on_delivery=self._delivered,
                    headers=list(headers.items()) if headers else None,
                )
            except BufferError:
                self._producer.poll(_QUEUE_WAIT_S)
            else:
                self._producer.poll(0)
                return

    def flush(self, timeout_s: float = 60.0) -> None:
        """Wait until the broker has everything; ``DeliveryFailed`` if it does not in time."""
        left = self._producer.flush(timeout_s)
        self._raise_failure()
        if left:
            raise DeliveryFailed(f"{left} records not delivered within {timeout_s} s")

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failure = error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise DeliveryFailed(str(self._failure))
