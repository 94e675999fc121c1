"""The loop of ingest: hand segments to their cameras, bring them the news, make safe what is finished.

It never waits for a camera, so that it polls as often as the broker demands, however long a video is.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from spoton_common import log_context, metrics
from spoton_common.errors import RejectedRecord
from spoton_common.kafka.client import client_config
from spoton_common.kafka.lag import observe_lag
from spoton_common.kafka.snapshots import StoredState, read_snapshots
from spoton_common.log_context import Place
from spoton_common.logging import get_logger
from spoton_common.servers import Patience
from spoton_schemas.codec import Codec
from spoton_schemas.errors import ImplausibleRecord, UnreadableRecord
from spoton_schemas.plausibility import is_name
from spoton_schemas.records import Command, Outcome, Segment, StatusKind
from spoton_schemas.topics import SEGMENTS, state_topic
from structlog.contextvars import bind_contextvars

from spoton_ingest import statuses
from spoton_ingest.admission import find_scene
from spoton_ingest.chain import Chain, first_chain
from spoton_ingest.holdings import Holdings
from spoton_ingest.lost import LostCamera, lost_snapshot
from spoton_ingest.marks import task_end
from spoton_ingest.news import News
from spoton_ingest.publisher import NAME, Publisher
from spoton_ingest.workshop import Ticket

_Rebalance = Callable[[list[TopicPartition]], None]

_log = get_logger()

_POLL_S = 0.05  # bounds how late news and a stop are noticed
_BATCH = 100
_CHECKPOINT_S = 0.5
_PROGRESS_S = 1.0  # as the other stages
_NAMES = ("task_id", "environment_id", "camera_id")


class IngestLoop:
    """Owns the consumer of ``segments``; everything here runs in one thread."""

    def __init__(
        self,
        bootstrap: str,
        codec: Codec,
        publisher: Publisher,
        holdings: Holdings,
        failures: "queue.Queue[Exception]",
        patience: Patience,
    ) -> None:
        self._bootstrap = bootstrap
        self._codec = codec
        self._publisher = publisher
        self._holdings = holdings
        self._failures = failures
        self._patience = patience
        self._consumer = Consumer(_consumer_config(bootstrap))

    def run(self, news: News, stop: threading.Event, ready: Callable[[], None]) -> None:
        """Work until ``stop`` is set; unfinished segments are done again by whoever gets them."""
        self._news = news
        metrics.announce(NAME)
        bind_contextvars(stage=NAME)
        news.catch_up()
        self._consumer.subscribe(
            [SEGMENTS.name],
            on_assign=self._guarded(self._assigned),
            on_revoke=self._guarded(self._revoked),
            on_lost=self._guarded(self._lost),
        )
        try:
            next_checkpoint = next_progress = time.monotonic()
            while not stop.is_set():
                messages = self._consumer.consume(_BATCH, _POLL_S)
                self._raise_failures()
                for message in messages:
                    self._receive(message)
                log_context.done()
                self._obey(news.poll())
                self._raise_failures()
                now = time.monotonic()
                if now >= next_checkpoint:
                    self._checkpoint(list(self._holdings.partitions))
                    next_checkpoint = now + _CHECKPOINT_S
                if now >= next_progress:
                    self._tell_progress()
                    self._look()
                    next_progress = now + _PROGRESS_S
                ready()
            self._release(list(self._holdings.partitions))
        finally:
            self._consumer.close()

    def _receive(self, message: Message) -> None:
        if _is_notice(message) or message.partition() not in self._holdings.partitions:
            return
        metrics.RECORDS_IN.labels(NAME, SEGMENTS.name).inc()
        place = Place.of(message)
        log_context.reading(place)
        partition, offset = message.partition(), message.offset()
        self._holdings.begin(partition, offset)
        try:
            segment = self._codec.read(SEGMENTS, message.key(), message.value())
            log_context.reading(place, segment)
            self._admit(segment, message, place)
        except UnreadableRecord as error:
            if isinstance(error, ImplausibleRecord):
                self._tell(error, message.key())
            self._bury(message, error.reason, str(error))
        except RejectedRecord as error:
            self._bury(message, error.reason, str(error))

    def _admit(self, segment: Segment, message: Message, place: Place) -> None:
        key, partition, offset = SEGMENTS.key(segment), place.partition, place.offset
        lost = self._holdings.lost(key)
        if lost is not None and not lost.begins_again(segment):
            self._end_lost(lost, segment, message, place)
            return
        if not self._holdings.knows(key):
            # The environment, and commands, may have been produced just before the segment.
            self._obey(self._news.catch_up())
            since_ms = max(0, message.timestamp()[1])
            try:
                scene = find_scene(segment, self._news.scenes)
            except RejectedRecord as error:
                # Nothing is kept of the camera: sent again once the environment is right, its segments are its first.
                self._publisher.status(statuses.camera_failed(segment, str(error)))
                raise
            chain = first_chain(segment, scene, since_ms)
            self._holdings.open(chain, partition, offset)
            self._tell_in_force(chain)
        self._holdings.enqueue(key, Ticket(segment, offset, place), partition)

    def _end_lost(self, lost: LostCamera, segment: Segment, message: Message, place: Place) -> None:
        """End a camera in the middle of whose videos its state was lost: nobody knows at which tick to go on."""
        self._obey(self._news.catch_up())
        scene = find_scene(segment, self._news.scenes)
        chain = lost.last(first_chain(segment, scene, max(0, message.timestamp()[1])))
        self._publisher.status(statuses.camera_failed(segment, lost.why))
        self._publisher.frame(task_end(chain, segment.sub_video_batch_index, Outcome.FAILED, lost.why))
        self._publisher.flush()
        self._publisher.state(chain, place.partition, place.offset + 1)
        self._publisher.flush()
        self._holdings.end_lost(chain.key, place.partition, place.offset)

    def _tell(self, error: ImplausibleRecord, key: bytes | None) -> None:
        """Let a task fail whose camera begins with a segment that makes no sense; who produced it waits for news."""
        task_id, environment_id, camera_id = names = tuple(str(error.content.get(name, "")) for name in _NAMES)
        stream = f"{task_id}/{camera_id}"
        if all(map(is_name, names)) and key == stream.encode() and not self._holdings.knows(stream):
            self._publisher.status(statuses.segment_unusable(task_id, environment_id, camera_id, str(error)))

    def _bury(self, message: Message, reason: str, detail: str) -> None:
        self._publisher.bury(message, reason, detail)
        self._holdings.done(message.partition(), message.offset())

    def _obey(self, changes: list[tuple[Command, StatusKind]]) -> None:
        """Tell what commands changed, and end the cameras of stopped tasks that have nothing else to do."""
        for command, effect in changes:
            cameras = list(self._holdings.cameras(command.task_id))
            if not cameras:
                continue
            for camera in cameras:
                camera.wake()
            camera_ids = [camera.chain.camera_id for camera in cameras]
            self._publisher.status(
                statuses.command_took_effect(command.task_id, command.environment_id, effect, camera_ids)
            )

    def _tell_in_force(self, chain: Chain) -> None:
        if (status := self._news.in_force(chain)) is not None:
            self._publisher.status(status)

    def _tell_progress(self) -> None:
        for camera in self._holdings.cameras():
            if (status := camera.progress()) is not None:
                self._publisher.status(status)

    def _look(self) -> None:
        """Set what is only looked at now and then."""
        observe_lag(self._consumer, NAME)
        metrics.QUEUE_DEPTH.labels(NAME, "segments").set(sum(c.waiting for c in self._holdings.cameras()))
        metrics.QUEUE_DEPTH.labels(NAME, "producer").set(self._publisher.waiting)

    def _raise_failures(self) -> None:
        try:
            raise self._failures.get_nowait()
        except queue.Empty:
            return

    def _checkpoint(self, partitions: list[int]) -> None:
        with metrics.CHECKPOINT_SECONDS.labels(NAME).time():
            offsets = self._holdings.collect(partitions)
            if not offsets:
                return
            try:
                self._consumer.commit(
                    offsets=[TopicPartition(SEGMENTS.name, p, offset) for p, offset in offsets.items()],
                    asynchronous=False,
                )
            except KafkaException as error:
                # The partition moved, or the broker is away. The segments come again and are dropped.
                _log.warning("offsets not committed", error=str(error))

    def _guarded(self, callback: _Rebalance) -> Callable[[Consumer, list[TopicPartition]], None]:
        """Keep a callback's exception for the loop: the client's C code loses it."""

        def guarded(_consumer: Consumer, partitions: list[TopicPartition]) -> None:
            try:
                callback(partitions)
            except Exception as error:
                self._failures.put(error)

        return guarded

    def _assigned(self, partitions: list[TopicPartition]) -> None:
        live: list[Chain] = []
        for number in sorted(p.partition for p in partitions):
            read = partial(read_snapshots, self._bootstrap, state_topic(NAME), number)
            stored = self._patience.call("Kafka", read, KafkaException)
            found, unread = self._holdings.take_over(number, stored)
            live += found
            self._set_aside(number, stored, unread)
        if live:
            self._news.detector_history({chain.key for chain in live}, min(chain.since_ms for chain in live))
        for chain in live:
            self._tell_in_force(chain)
        for camera in self._holdings.cameras():
            camera.wake()  # its task may have been stopped while nobody held it
        self._note("partitions assigned", partitions)

    def _set_aside(self, number: int, stored: Mapping[str, StoredState], unread: Mapping[str, str]) -> None:
        """Keep states that cannot be read among the dead letters, and note in their place that they are lost."""
        for key, why in unread.items():
            for message in stored[key].messages:
                self._publisher.bury(message, "unreadable_state", why)
            self._publisher.snapshot(key, lost_snapshot(key, stored[key], why), number)
        if unread:
            self._publisher.flush()

    def _revoked(self, partitions: list[TopicPartition]) -> None:
        self._release([p.partition for p in partitions])
        self._note("partitions revoked", partitions)

    def _lost(self, partitions: list[TopicPartition]) -> None:
        numbers = [p.partition for p in partitions]
        self._holdings.abandon(numbers)
        self._holdings.forget(numbers)
        self._note("partitions lost", partitions)

    def _release(self, numbers: list[int]) -> None:
        self._holdings.abandon(numbers)
        self._checkpoint(numbers)
        self._holdings.forget(numbers)

    def _note(self, event: str, partitions: list[TopicPartition]) -> None:
        metrics.PARTITIONS.labels(NAME).set(len(self._holdings.partitions))
        _log.info(event, stage=NAME, partitions=sorted(p.partition for p in partitions))


def _consumer_config(bootstrap: str) -> dict[str, Any]:
    return {
        **client_config(bootstrap),
        "group.id": f"spoton-{NAME}",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": 10000,  # a killed instance's partitions move after this long
    }


def _is_notice(message: Message) -> bool:
    """Tell whether a message is a notice of the client; ``KafkaException`` if it cannot go on."""
    error = message.error()
    if error is None:
        return False
    if error.fatal():
        raise KafkaException(error)
    if error.code() != KafkaError._PARTITION_EOF:
        _log.warning("kafka says", error=str(error))
    return True
