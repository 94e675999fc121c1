"""The loop that puts `appearances` into the recent gallery."""

import threading
from collections.abc import Callable

import redis
from confluent_kafka import Consumer, KafkaException, Message
from spoton_common import log_context, metrics
from spoton_common.health import Health, State
from spoton_common.kafka.dead_letters import bury
from spoton_common.kafka.lag import observe_lag
from spoton_common.kafka.producer import RecordProducer
from spoton_common.log_context import Place
from spoton_common.logging import get_logger
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.records import Appearance
from spoton_schemas.topics import APPEARANCES
from structlog.contextvars import bind_contextvars

from spoton_reid.gallery.recent import RecentGallery

NAME = "gallery"

_POLL_S = 0.5  # also bounds how late an idle loop notices a stop
_MAX_BATCH = 200
_RETRY_S = 2.0  # Redis is a cache: nothing waits for it but this loop

_log = get_logger()


class Remembering:
    """Reads appearances and keeps them; offsets are committed once Redis has them."""

    def __init__(self, gallery: RecentGallery, bootstrap: str, codec: Codec, health: Health) -> None:
        self._gallery = gallery
        self._codec = codec
        self._health = health
        self._producer = RecordProducer(bootstrap, codec)
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"spoton-{NAME}",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )

    def run(self, stop: threading.Event, ready: Callable[[], None]) -> None:
        """Work until ``stop`` is set."""
        metrics.announce(NAME)
        bind_contextvars(stage=NAME)
        self._consumer.subscribe([APPEARANCES.name])
        try:
            while not stop.is_set():
                messages = [m for m in self._consumer.consume(_MAX_BATCH, _POLL_S) if m.error() is None]
                appearances = [a for a in map(self._read, messages) if a is not None]
                log_context.done()
                if appearances and not self._keep(appearances, stop):
                    return
                if messages:
                    self._producer.flush()
                    self._commit()
                observe_lag(self._consumer, NAME)
                ready()
        finally:
            self._consumer.close()

    def _read(self, message: Message) -> Appearance | None:
        metrics.RECORDS_IN.labels(NAME, APPEARANCES.name).inc()
        log_context.reading(Place.of(message))
        try:
            return self._codec.decode(APPEARANCES, message.value())
        except UnreadableRecord as error:
            bury(self._producer, NAME, message, "unreadable", str(error))
            return None

    def _keep(self, appearances: list[Appearance], stop: threading.Event) -> bool:
        """Put them into Redis, however long it is away; False if told to stop before."""
        while not stop.is_set():
            try:
                self._gallery.put(appearances)
            except redis.RedisError as error:
                self._health.set(NAME, State.DEGRADED, "Redis does not answer")
                _log.warning("Redis away, trying again", error=str(error), pause_s=_RETRY_S)
                stop.wait(_RETRY_S)
            else:
                return True
        return False

    def _commit(self) -> None:
        try:
            self._consumer.commit(asynchronous=False)
        except KafkaException as error:
            # The partitions moved, or the broker is away. The records come again and change nothing.
            _log.warning("offsets not committed", stage=NAME, error=str(error))
