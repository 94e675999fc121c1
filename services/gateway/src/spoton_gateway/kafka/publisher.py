"""Records to Kafka, delivered before the answer goes out."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry.error import SchemaRegistryError
from httpx2 import HTTPError  # the registry client's own; it lets it pass
from spoton_common.errors import DeliveryFailed
from spoton_common.kafka.client import client_config
from spoton_common.kafka.producer import RecordProducer
from spoton_common.tracing import HEADER, Traceparent
from spoton_schemas.codec import Codec
from spoton_schemas.topics import Topic

from spoton_gateway.errors import Unavailable

_CHECK_TIMEOUT_S = 3.0
_FLUSH_TIMEOUT_S = 10.0


class Publisher:
    """Writes records all or nothing as far as Kafka lets it: it looks for the broker first."""

    def __init__(self, bootstrap: str, make_codec: Callable[[], Codec]) -> None:
        self._bootstrap = bootstrap
        self._make_codec = make_codec
        self._admin = AdminClient(client_config(bootstrap))
        self._producer: RecordProducer | None = None
        self._lock = threading.Lock()

    async def check(self) -> None:
        """``Unavailable`` unless the broker answers."""
        await asyncio.to_thread(self._check)

    async def publish(self, records: Sequence[tuple[Topic[Any], Any]], trace: Traceparent | None = None) -> None:
        """Write records in their order; ``Unavailable`` if Kafka or the registry did not take them."""
        await asyncio.to_thread(self._publish, records, {HEADER: trace} if trace else None)

    async def remove(self, topic: Topic[Any], key: str) -> None:
        """Remove a key from a compacted topic; ``Unavailable``."""
        await asyncio.to_thread(self._remove, topic, key)

    def _remove(self, topic: Topic[Any], key: str) -> None:
        with self._sending() as producer:
            producer.send_bytes(topic.name, key.encode(), None)

    def _check(self) -> None:
        try:
            self._admin.list_topics(timeout=_CHECK_TIMEOUT_S)
        except KafkaException as error:
            raise Unavailable("kafka", f"no answer from {self._bootstrap} ({error.args[0].str()})") from error

    def _publish(self, records: Sequence[tuple[Topic[Any], Any]], headers: dict[str, bytes] | None) -> None:
        with self._sending() as producer:
            for topic, record in records:
                producer.send(topic, record, headers)

    @contextmanager
    def _sending(self) -> Iterator[RecordProducer]:
        """Lend the producer, and deliver what it was given; ``Unavailable``."""
        self._check()
        with self._lock:
            try:
                if self._producer is None:
                    self._producer = RecordProducer(self._bootstrap, self._make_codec(), timeout_s=_FLUSH_TIMEOUT_S)
                yield self._producer
                self._producer.flush(_FLUSH_TIMEOUT_S)
            except DeliveryFailed as error:
                self._producer = None  # it remembers its failure; the next request gets a new one
                raise Unavailable("kafka", str(error)) from error
            except (SchemaRegistryError, HTTPError, OSError) as error:
                raise Unavailable("registry", str(error)) from error
