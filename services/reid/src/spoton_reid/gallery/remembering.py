"""The loop that puts `appearances` into the recent gallery."""

import threading
from collections.abc import Callable
from functools import partial

import redis
from confluent_kafka import Consumer, KafkaException, Message
from spoton_common import log_context, metrics
from spoton_common.errors import NotDelivered
from spoton_common.health import Health, State
from spoton_common.kafka.client import client_config
from spoton_common.kafka.dead_letters import bury
from spoton_common.kafka.lag import observe_lag
from spoton_common.kafka.producer import RecordProducer
from spoton_common.log_context import Place
from spoton_common.logging import get_logger
from spoton_common.servers import Patience
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.records import Appearance
from spoton_schemas.topics import APPEARANCES
from structlog.contextvars import bind_contextvars

from spoton_reid.gallery.recent import RecentGallery

NAME = "gallery"

_POLL_S = 0.5  # also bounds how late an idle loop notices a stop
_MAX_BATCH = 200
_FLUSH_S = 5.0  # a broker that needs longer is said to be away

_log = get_logger()


class Remembering:
    """Reads appearances and keeps them; offsets are committed once Redis has them."""

    def __init__(self, gallery: RecentGallery, bootstrap: str, codec: Codec, health: Health) -> None:
        self._gallery = gallery
        self._codec = codec
        self._health = health
        self._bootstrap = bootstrap
        self._consumer = Consumer(
            {
                **client_config(bootstrap),
                "group.id": f"spoton-{NAME}",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "session.timeout.ms": 10000,  # a killed instance's partitions move after this long
            }
        )

    def run(self, stop: threading.Event, ready: Callable[[], None]) -> None:
        """Work until ``stop`` is set; ``ServerAway`` if a server is away then."""
        metrics.announce(NAME)
        bind_contextvars(stage=NAME)
        self._producer = RecordProducer(self._bootstrap, self._codec, stop=stop)
        # Redis is a cache: nothing waits for it but this loop.
        patience = Patience(NAME, stop, self._health, State.DEGRADED)
        self._consumer.subscribe([APPEARANCES.name])
        try:
            while not stop.is_set():
                messages = [m for m in self._consumer.consume(_MAX_BATCH, _POLL_S) if m.error() is None]
                appearances = [a for a in map(self._read, messages) if a is not None]
                log_context.done()
                if appearances:
                    patience.call("Redis", partial(self._gallery.put, appearances), redis.RedisError)
                if messages:
                    patience.call("Kafka", partial(self._producer.flush, _FLUSH_S), NotDelivered)
                    self._commit()
                observe_lag(self._consumer, NAME)
                ready()
        finally:
            self._consumer.close()

    def _read(self, message: Message) -> Appearance | None:
        metrics.RECORDS_IN.labels(NAME, APPEARANCES.name).inc()
        log_context.reading(Place.of(message))
        try:
            return self._codec.read(APPEARANCES, message.key(), message.value())
        except UnreadableRecord as error:
            bury(self._producer, NAME, message, error.reason, str(error))
            return None

    def _commit(self) -> None:
        try:
            self._consumer.commit(asynchronous=False)
        except KafkaException as error:
            # The partitions moved, or the broker is away. The records come again and change nothing.
            _log.warning("offsets not committed", stage=NAME, error=str(error))
