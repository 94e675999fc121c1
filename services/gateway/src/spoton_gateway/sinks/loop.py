"""The sink's loop: poll, decode, write a batch in one transaction, only then commit the offsets."""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import asyncpg
from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from spoton_common import log_context, metrics
from spoton_common.errors import NotDelivered, ServerAway
from spoton_common.health import Health, State
from spoton_common.kafka.client import client_config
from spoton_common.kafka.dead_letters import bury
from spoton_common.kafka.headers import written_at
from spoton_common.kafka.lag import observe_lag
from spoton_common.kafka.producer import RecordProducer
from spoton_common.log_context import Place
from spoton_common.logging import get_logger
from spoton_common.runtime import ledger
from spoton_common.runtime.observed import span_attributes, traces_of
from spoton_common.servers import Patience
from spoton_common.settings import Connections
from spoton_common.tracing import UNTRACED, Tracing
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.records import Event, MapPoints
from spoton_schemas.topics import APPEARANCES, EVENTS, IDENTITY_REVISIONS, MAP_POINTS, TASK_STATUS, Topic
from structlog.contextvars import bind_contextvars

from spoton_gateway.database import CONNECTION_ERRORS
from spoton_gateway.errors import MigrationFailed
from spoton_gateway.migrations import migrate
from spoton_gateway.settings import SinkSettings
from spoton_gateway.sinks.retention import Retention
from spoton_gateway.sinks.writer import Arrival, Writer

_log = get_logger()

NAME = "sink"
TOPICS: dict[str, Topic[Any]] = {t.name: t for t in (MAP_POINTS, IDENTITY_REVISIONS, APPEARANCES, EVENTS, TASK_STATUS)}

_POLL_S = 0.2  # also bounds how late an idle sink notices a stop
_MAX_PAUSE_S = 2.0  # one statement of one client every second or so is no burden on a server that starts
_LOOK_AFTER_S = 5.0  # how often the sink looks whether its database is there, whatever else it waits for
_FLUSH_S = 5.0  # a broker that needs longer is said to be away


_UNSTORABLE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ArithmeticError,
    TypeError,
    ValueError,
)
"""What says that a record does not fit the tables, now and at every further try."""

# TimescaleDB's guard against slow updates of compressed rows would end a task whose revisions reach far back.
# PostgreSQL without it keeps the setting as a name that nobody reads.
_SESSION = {"timescaledb.max_tuples_decompressed_per_dml_transaction": "0"}


class _Read(NamedTuple):
    message: Message
    arrival: Arrival
    place: Place
    read_ns: int


class Sink:
    """Writes the topics to the database until told to stop."""

    def __init__(
        self,
        connections: Connections,
        settings: SinkSettings,
        codec: Codec,
        health: Health,
        tracing: Tracing = UNTRACED,
    ) -> None:
        self._connections = connections
        self._settings = settings
        self._codec = codec
        self._health = health
        self._tracing = tracing
        self._producer = RecordProducer(connections.kafka_bootstrap, codec)
        self._consumer = Consumer(
            {
                **client_config(connections.kafka_bootstrap),
                "group.id": f"spoton-{NAME}",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": 10000,  # a killed instance's partitions move after this long
            }
        )
        self._connection: asyncpg.Connection | None = None
        self._writer: Writer | None = None
        self._retention = Retention(settings.keep_days)

    def run(self, stop: threading.Event, ready: Callable[[], None]) -> None:
        """Work until ``stop`` is set; the shape that ``run_service`` wants."""
        asyncio.run(self._run(stop, ready))

    async def _run(self, stop: threading.Event, ready: Callable[[], None]) -> None:
        metrics.announce(NAME)
        bind_contextvars(stage=NAME)
        self._stop, self._patience = stop, Patience(NAME, stop, self._health)
        try:
            await self._retry(self._connect)
            threading.Thread(target=self._look_after, name="database", daemon=True).start()
            self._consumer.subscribe(list(TOPICS))
            while not stop.is_set():
                messages = await asyncio.to_thread(self._consumer.consume, self._settings.max_batch, _POLL_S)
                await self._store([m for m in messages if not _is_notice(m)])
                observe_lag(self._consumer, NAME)
                if self._retention.due(datetime.now(UTC)):
                    await self._retry(self._forget)
                ready()
        finally:
            self._consumer.close()
            if self._connection is not None:
                await self._connection.close()

    async def _connect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection = await asyncpg.connect(
            self._connections.database_url.get_secret_value(), timeout=10, server_settings=_SESSION
        )
        await migrate(self._connection)
        self._writer = Writer(self._connection, self._publish)
        await self._writer.prepare()
        self._health.set("database", State.HEALTHY)

    def _publish(self, events: Sequence[Event]) -> None:
        for event in events:
            self._producer.send(EVENTS, event)
        self._patience.call("Kafka", partial(self._producer.flush, _FLUSH_S), NotDelivered)

    async def _store(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        reads = [read for read in map(self._read, messages) if read is not None]
        log_context.done()
        metrics.BATCH_SIZE.labels(NAME).observe(len(messages))
        with metrics.CHECKPOINT_SECONDS.labels(NAME).time():
            # 1. Rows are in the database, and what cannot become a row is with the dead letters.
            if reads:
                await self._retry(lambda: self._write(reads))
            self._patience.call("Kafka", partial(self._producer.flush, _FLUSH_S), NotDelivered)
            # 2. Only then the records count as read.
            self._commit()
        self._observe(reads)

    def _look_after(self) -> None:
        """Notice a database that has gone away while there is nothing to write, or while Kafka is away as well."""
        while not self._stop.wait(_LOOK_AFTER_S):
            try:
                asyncio.run(self._ping())
            except (*CONNECTION_ERRORS, asyncpg.PostgresError) as error:
                self._health.set("database", State.UNHEALTHY, str(error) or type(error).__name__)
            else:
                self._health.set("database", State.HEALTHY)

    async def _ping(self) -> None:
        connection = await asyncpg.connect(self._connections.database_url.get_secret_value(), timeout=_LOOK_AFTER_S)
        await connection.close(timeout=_LOOK_AFTER_S)

    async def _forget(self) -> None:
        if self._connection is None or self._connection.is_closed():
            await self._connect()
        assert self._connection is not None
        await self._retention.apply(self._connection, datetime.now(UTC))

    def _read(self, message: Message) -> _Read | None:
        name = str(message.topic())
        metrics.RECORDS_IN.labels(NAME, name).inc()
        place = Place.of(message)
        log_context.reading(place)
        try:
            record = self._codec.read(TOPICS[name], message.key(), message.value())
        except UnreadableRecord as error:
            bury(self._producer, NAME, message, error.reason, str(error))
            return None
        return _Read(message, Arrival(record, written_at(message)), place, time.time_ns())

    async def _write(self, reads: Sequence[_Read]) -> None:
        assert self._writer is not None
        if self._connection is None or self._connection.is_closed():
            await self._connect()
        try:
            with metrics.WRITE_SECONDS.labels(NAME).time():
                await self._writer.write([read.arrival for read in reads])
        except _UNSTORABLE as error:
            if len(reads) == 1:
                await self._set_aside(reads[0], str(error))
                return
            # One record does not fit its table (a zero byte in a text, for instance): find it by writing one by one.
            for read in reads:
                await self._write([read])

    async def _set_aside(self, read: _Read, why: str) -> None:
        assert self._writer is not None
        try:
            await self._writer.do_without(read.arrival, why)
        except _UNSTORABLE as error:
            _log.error("a task may wait for this record without end", error=str(error))
        bury(self._producer, NAME, read.message, "unstorable", why)

    async def _retry(self, work: Callable[[], Any]) -> None:
        """Try until the database does it; ``ServerAway`` if told to stop meanwhile.

        What was read of Kafka waits here. After five minutes the group gives it to another sink, or to this one again:
        rows may come any number of times.
        """
        told = False
        while True:
            try:
                await work()
            except (*CONNECTION_ERRORS, MigrationFailed) as error:
                why = str(error) or type(error).__name__
                self._health.set("database", State.UNHEALTHY, why)
                if not told:
                    _log.warning("database away, trying again", error=why)
                told = True
                if self._connection is not None:
                    self._connection.terminate()
                pause_s = random.uniform(_MAX_PAUSE_S / 4, _MAX_PAUSE_S)  # noqa: S311 (jitter)
                if await asyncio.to_thread(self._stop.wait, pause_s):
                    raise ServerAway(f"database: {why}") from error
            else:
                if told:
                    _log.info("database back")
                    self._health.set("database", State.HEALTHY)
                return

    def _observe(self, reads: Sequence[_Read]) -> None:
        now_us = int(time.time() * 1e6)
        for read in reads:
            ledger.observe(NAME, ledger.decode(read.place.headers), now_us)
            record, traces = read.arrival.record, traces_of(read.place.headers)
            if traces and isinstance(record, MapPoints):
                self._tracing.hop(traces, f"process {MAP_POINTS.name}", read.read_ns, span_attributes(record))

    def _commit(self) -> None:
        try:
            self._consumer.commit(asynchronous=False)
        except KafkaException as error:
            # The partitions moved, or the broker is away. The records come again and change nothing.
            if error.args[0].code() != KafkaError._NO_OFFSET:
                _log.warning("offsets not committed", stage=NAME, error=str(error))


def _is_notice(message: Message) -> bool:
    """Tell whether a message is a notice of the client; ``KafkaException`` if it cannot go on."""
    error = message.error()
    if error is None:
        return False
    if error.fatal():
        raise KafkaException(error)
    _log.warning("kafka says", error=str(error))
    return True
