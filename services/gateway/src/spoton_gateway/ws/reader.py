"""Reads a task's topics from Kafka in a thread of its own and puts the messages into a feed."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition, murmur2
from confluent_kafka import Message as KafkaMessage
from confluent_kafka.schema_registry.error import SchemaRegistryError
from httpx2 import HTTPError  # the registry client's own
from spoton_common import log_context, metrics
from spoton_common.kafka.client import client_config
from spoton_common.kafka.headers import written_at
from spoton_common.log_context import Place
from spoton_common.logging import get_logger
from spoton_common.runtime import ledger
from spoton_common.runtime.observed import span_attributes, traces_of
from spoton_common.tracing import Tracing
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.records import MapPoints
from spoton_schemas.topics import EVENTS, IDENTITY_REVISIONS, MAP_POINTS, TASK_STATUS, TOPICS
from structlog.contextvars import bind_contextvars

from spoton_gateway.errors import BadCursor, Unavailable
from spoton_gateway.ws.cursor import TOPIC_NAMES, Cursor, Source
from spoton_gateway.ws.feed import Feed, FeedFailed, FeedMessage
from spoton_gateway.ws.merge import Merge, Received
from spoton_gateway.ws.messages import Message
from spoton_gateway.ws.story import Ending, Story

_log = get_logger()

STAGE = "gateway"

_POLL_S = 0.1  # also bounds how late a reader notices that nobody listens any more
_MAX_BATCH = 200
_TIMEOUT_S = 10.0
_BROKER_GONE_S = 30.0  # a broker that restarts is waited for; one that stays away fails the feed
_LOOK_BACK = 500  # map points read again on resuming, to recognise what a restarted mapper says twice
_PATIENCE_S = 5.0  # segments of a task that was not announced come within this time of each other
_CLOCK_SKEW_S = 60.0  # by how much producers' clocks may differ from ours


@dataclass(frozen=True, slots=True)
class Watched:
    """A task as the database knows it when somebody begins to watch."""

    task_id: str
    environment_id: str
    camera_ids: frozenset[str]
    sub_videos: int | None
    created_at: datetime
    ending: Ending | None


class TaskReader:
    """Tells the story of one task from its beginning, or from a cursor on."""

    def __init__(
        self,
        watched: Watched,
        cursor: Cursor | None,
        feed: Feed,
        loop: asyncio.AbstractEventLoop,
        bootstrap: str,
        make_codec: Callable[[], Codec],
        tracing: Tracing,
    ) -> None:
        self._tracing = tracing
        self._watched = watched
        self._resumed = cursor
        self._feed = feed
        self._loop = loop
        self._bootstrap = bootstrap
        self._codec = make_codec()
        self._story = Story.of(watched.task_id, watched.environment_id, watched.camera_ids, watched.sub_videos)
        self._stop = threading.Event()
        self._trouble_since: float | None = None
        self._patient_since: float | None = None
        self._live = False
        self._thread = threading.Thread(target=self._run, name=f"task-{watched.task_id[:8]}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    async def stop(self) -> None:
        """Stop reading and wait until the thread has ended."""
        self._stop.set()
        self._feed.go_live()  # a reader that waits for room notices
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        bind_contextvars(stage=STAGE, task=self._watched.task_id)
        consumer = Consumer(
            {
                **client_config(self._bootstrap),
                "group.id": "spoton-gateway-readers",  # required by the client; nothing is committed to it
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 8192,
            }
        )
        try:
            self._read(consumer)
        except BadCursor as error:
            self._loop.call_soon_threadsafe(self._feed.fail, error)
        except KafkaException as error:
            self._loop.call_soon_threadsafe(self._feed.fail, Unavailable("kafka", str(error.args[0].str())))
        except (SchemaRegistryError, HTTPError) as error:
            self._loop.call_soon_threadsafe(self._feed.fail, Unavailable("registry", str(error)))
        except Exception as error:
            _log.exception("task reader failed")
            self._loop.call_soon_threadsafe(self._feed.fail, FeedFailed(f"{type(error).__name__}: {error}"))
        finally:
            consumer.close()

    def _read(self, consumer: Consumer) -> None:
        partitions = self._partitions(consumer)
        lows, ends = self._limits(consumer, partitions)
        since = self._since_creation(consumer, partitions)
        # An offset of -1 says that nothing so young is there yet: it will come behind the end.
        starts = {n: max(since[n], lows[n]) if since[n] >= 0 else ends[n] for n in TOPIC_NAMES}
        self._check_resumed(ends)
        self._cursor = self._resumed or Cursor(*(starts[name] for name in TOPIC_NAMES))
        self._emit_from = self._cursor
        limit = Cursor(*(ends[name] for name in TOPIC_NAMES))
        beginning = self._resumed is None
        self._loop.call_soon_threadsafe(lambda: self._feed.open(self._emit_from, limit, from_beginning=beginning))
        if self._resumed is not None:
            starts[MAP_POINTS.name] = max(starts[MAP_POINTS.name], self._resumed.map_points - _LOOK_BACK)
        consumer.assign([TopicPartition(name, partitions[name], starts[name]) for name in TOPIC_NAMES])
        merge = Merge(starts, ends)
        while not self._stop.is_set():
            self._pump(consumer, merge)
            ending = self._story.ending
            if ending is None and merge.caught_up:
                # The database knows of an end that Kafka no longer holds.
                ending = self._watched.ending
            if ending is not None and not self._is_patient():
                self._finish(consumer, partitions, merge, ending)
                return
            if merge.caught_up and not self._live:
                self._live = True
                self._loop.call_soon_threadsafe(self._feed.go_live)

    def _is_patient(self) -> bool:
        """Tell whether to wait a little for another camera of a task that seems to have failed."""
        if not self._story.may_go_on:
            self._patient_since = None
            return False
        now = time.monotonic()
        self._patient_since = self._patient_since or now
        return now - self._patient_since < _PATIENCE_S

    def _pump(self, consumer: Consumer, merge: Merge) -> None:
        """Read what there is and put it into the feed."""
        found: list[FeedMessage] = []
        for message in self._poll(consumer):
            name, offset = str(message.topic()), int(message.offset())
            if message.key() == self._watched.task_id.encode():
                received = self._decode(name, message)
                if received is not None:
                    merge.add(received)
            merge.reached(name, offset + 1)
        for received in merge.ready():
            found += self._tell(received)
        self._put(found)

    def _finish(self, consumer: Consumer, partitions: dict[str, int], merge: Merge, ending: Ending) -> None:
        """Read on to where the topics end now (events may lie beside the end of the task), then tell the end."""
        _, ends = self._limits(consumer, partitions)
        deadline = time.monotonic() + _TIMEOUT_S
        while not self._stop.is_set() and time.monotonic() < deadline and not merge.has_reached(ends):
            self._pump(consumer, merge)
        self._put([_encode(self._story.last_message(ending), self._cursor, None)])
        self._loop.call_soon_threadsafe(self._feed.end)

    def _poll(self, consumer: Consumer) -> Iterator[KafkaMessage]:
        first = consumer.poll(_POLL_S)
        if first is None:
            return
        for message in (first, *consumer.consume(_MAX_BATCH - 1, 0)):
            error = message.error()
            if error is None:
                self._trouble_since = None
                yield message
            else:
                self._note_trouble(error)

    def _note_trouble(self, error: KafkaError) -> None:
        now = time.monotonic()
        self._trouble_since = self._trouble_since or now
        if error.fatal() or now - self._trouble_since > _BROKER_GONE_S:
            raise KafkaException(error)

    def _decode(self, name: str, message: KafkaMessage) -> Received | None:
        metrics.RECORDS_IN.labels(STAGE, name).inc()
        place = Place.of(message)
        log_context.reading(place)
        try:
            record = self._codec.read(TOPICS[name], message.key(), message.value())
        except UnreadableRecord as error:
            metrics.DROPPED.labels(STAGE, error.reason).inc()
            return None
        times = ledger.decode(place.headers)
        if self._live:
            self._observe(record, place, times)
        timestamp_ms = round(written_at(message).timestamp() * 1000)
        return Received(name, place.offset, timestamp_ms, record, times)

    def _observe(self, record: Any, place: Place, times: ledger.Times) -> None:
        """Count and trace what is told as it happens; the past says nothing of today's delays."""
        now_ns = time.time_ns()
        ledger.observe(STAGE, times, now_ns // 1000)
        traces = traces_of(place.headers)
        if traces and isinstance(record, MapPoints):
            self._tracing.hop(traces, f"process {place.topic}", now_ns, span_attributes(record))

    def _tell(self, received: Received) -> list[FeedMessage]:
        messages = self._messages(received)
        name, offset = received.topic, received.offset
        new = offset >= self._emit_from.offset(name)
        if not new:
            return []
        before = self._cursor
        # The end of the task is read again by whoever resumes: it is what tells that the task is over.
        is_end = name == MAP_POINTS.name and self._story.has_end
        self._cursor = before if is_end else before.at(name, offset + 1)
        skip = self._emit_from.sent if name == TASK_STATUS.name and offset == self._emit_from.task_status else 0
        cursors = [before.partly(offset, n) for n in range(1, len(messages))] + [self._cursor]
        sources = [Source(name, offset, ordinal) for ordinal in range(len(messages))]
        return list(map(_encode, messages, cursors, sources))[skip:]

    def _messages(self, received: Received) -> list[Message]:
        record: Any = received.record
        if received.topic == MAP_POINTS.name:
            processed_at = datetime.fromtimestamp(received.timestamp_ms / 1000, UTC)
            return self._story.map_points(record, processed_at, received.latency)
        if received.topic == IDENTITY_REVISIONS.name:
            return self._story.identity_revision(record)
        if received.topic == EVENTS.name:
            return self._story.event(record)
        return self._story.task_status(record)

    def _put(self, found: list[FeedMessage]) -> None:
        if found:
            future = asyncio.run_coroutine_threadsafe(self._feed.put(found), self._loop)
            try:
                future.result()
            except CancelledError:
                self._stop.set()

    def _partitions(self, consumer: Consumer) -> dict[str, int]:
        """Return the partition of each topic that holds the task: the one that any producer of ours chooses."""
        known = consumer.list_topics(timeout=_TIMEOUT_S).topics
        key = self._watched.task_id.encode()
        return {name: murmur2(key, max(len(known[name].partitions), 1)) for name in TOPIC_NAMES}

    def _since_creation(self, consumer: Consumer, partitions: dict[str, int]) -> dict[str, int]:
        since_ms = int((self._watched.created_at.timestamp() - _CLOCK_SKEW_S) * 1000)
        asked = [TopicPartition(name, partitions[name], since_ms) for name in TOPIC_NAMES]
        return {tp.topic: int(tp.offset) for tp in consumer.offsets_for_times(asked, timeout=_TIMEOUT_S)}

    def _limits(self, consumer: Consumer, partitions: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
        """Return the first and the next offset of each topic."""
        found = {
            name: consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=_TIMEOUT_S)
            for name, partition in partitions.items()
        }
        return {n: int(low) for n, (low, _) in found.items()}, {n: int(high) for n, (_, high) in found.items()}

    def _check_resumed(self, ends: dict[str, int]) -> None:
        if self._resumed is not None and any(self._resumed.offset(name) > ends[name] for name in TOPIC_NAMES):
            raise BadCursor("the cursor is ahead of what Kafka holds: start again without it")


def _encode(message: Message, cursor: Cursor, source: Source | None) -> FeedMessage:
    text = orjson.dumps({"type": message.type, "payload": message.payload}).decode()
    return FeedMessage(text[:-1], cursor, source)
