"""A producer of typed records that never loses one silently."""

import threading
from collections.abc import Mapping, Sequence
from typing import TypeVar

from confluent_kafka import KafkaError, Message, Producer
from spoton_schemas.codec import Codec
from spoton_schemas.topics import MAX_DEAD_LETTER_BYTES, Topic

from spoton_common.errors import DeliveryFailed, NotDelivered, ServerAway
from spoton_common.kafka.client import client_config

R = TypeVar("R")

Headers = Mapping[str, bytes] | Sequence[tuple[str, bytes | None]]

LIVE_LINGER_MS = 1.0
"""A live picture waits this long at each of six stages; records of one feed still share a request."""

_QUEUE_WAIT_S = 0.1  # how long to make room before trying a full queue again


class RecordProducer:
    """Writes records of any topic, in order per key; not for use by several threads at once."""

    def __init__(
        self,
        bootstrap: str,
        codec: Codec,
        timeout_s: float = 0.0,
        stop: threading.Event | None = None,
        linger_ms: float = LIVE_LINGER_MS,
        pictures: bool = False,
    ) -> None:
        """Records wait for an absent broker for ``timeout_s``, or (0) as long as it takes; ``stop`` ends the wait.

        They wait ``linger_ms`` for others to share a request with; ``flush`` waits for nothing. ``pictures``: they are
        mostly JPEG, which only costs time to compress once more, the broker's most of all: it looks into each record.
        """
        self._producer = Producer(
            {
                **client_config(bootstrap),
                "message.timeout.ms": round(timeout_s * 1000),
                "enable.idempotence": True,
                "compression.type": "none" if pictures else "lz4",
                "linger.ms": linger_ms,
                "message.max.bytes": MAX_DEAD_LETTER_BYTES,
                # The bound on memory: pictures wait here while the broker is away.
                "queue.buffering.max.kbytes": 131072,
                "partitioner": "murmur2_random",  # the Java client's, so that any producer's keys land alike
            }
        )
        self._codec = codec
        self._failure: KafkaError | None = None
        self._stop = stop or threading.Event()

    @property
    def waiting(self) -> int:
        """How many records are on their way to the broker."""
        return len(self._producer)

    def send(self, topic: Topic[R], record: R, headers: Headers | None = None) -> None:
        """Queue a record; ``UnwritableRecord`` if it does not fit, ``DeliveryFailed`` if an earlier one failed.

        Waits while the queue is full; ``ServerAway`` if told to stop meanwhile.
        """
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
                    headers=_as_list(headers) or None,
                )
            except BufferError:
                if self._stop.is_set():
                    raise ServerAway("Kafka: the queue to the broker is full") from None
                self._producer.poll(_QUEUE_WAIT_S)
            else:
                self._producer.poll(0)
                return

    def flush(self, timeout_s: float = 60.0) -> None:
        """Wait until the broker has everything; ``NotDelivered`` if it does not in time: call it again."""
        left = self._producer.flush(timeout_s)
        self._raise_failure()
        if left:
            raise NotDelivered(f"{left} records not delivered within {timeout_s} s")

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failure = error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise DeliveryFailed(str(self._failure))


def _as_list(headers: Headers | None) -> list[tuple[str, bytes | None]]:
    return list(headers.items() if isinstance(headers, Mapping) else headers or ())
