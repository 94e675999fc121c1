"""The loop of every stage: poll, decode, drop what was seen, feed, produce; every second, a checkpoint.

Effectively once: outputs carry natural identities and stages are deterministic, so what a restarted stage says again
is equal to what it said before, and the next stage drops it by position.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord, UnwritableRecord
from spoton_schemas.records import Stage as StageName
from spoton_schemas.records import TaskStatus, Tick
from spoton_schemas.topics import MAX_RECORD_BYTES, TASK_STATUS, Topic, state_topic
from structlog.contextvars import bind_contextvars

from spoton_common import metrics
from spoton_common.errors import BrokenStage, NotDelivered
from spoton_common.health import Health
from spoton_common.kafka.client import client_config
from spoton_common.kafka.dead_letters import bury
from spoton_common.kafka.ends import TopicEnds
from spoton_common.kafka.producer import RecordProducer
from spoton_common.kafka.snapshots import Loss, StoredState, read_snapshots
from spoton_common.log_context import Place, done
from spoton_common.logging import get_logger
from spoton_common.runtime.loss import last_record, notice
from spoton_common.runtime.observed import Observed
from spoton_common.runtime.partition import DUPLICATE, PartitionProgress
from spoton_common.runtime.progress import progress_status
from spoton_common.runtime.stage import Output, Rejection, Stage
from spoton_common.servers import Patience
from spoton_common.tracing import UNTRACED, Tracing

In = TypeVar("In", bound=Tick)

_Rebalance = Callable[[list[TopicPartition]], None]

_log = get_logger()

_POLL_S = 0.1  # how long an idle loop waits; also bounds how late it notices a stop
_FLUSH_S = 5.0  # a broker that needs longer is said to be away
_CHECKPOINT_S = 1.0  # work that a kill makes again; each checkpoint costs two round trips
_CHECKPOINT_SHARE = 0.05  # of the time may go into writing states: large ones are written less often,
_LONGEST_CHECKPOINT_S = 5.0  # but this often
_REPORT_S = 1.0  # people watch progress: it waits for no checkpoint
_ASK_S = 10.0  # a broker that needs longer for a question is said to be away


@dataclass(frozen=True, slots=True)
class RunnerOptions:
    """How a stage is run. ``name`` names the consumer group and the state topic.

    ``answers``: it says something to each picture, so that the time up to its answer is its latency.
    """

    name: str
    stage: StageName
    max_batch: int = 16
    checkpoint_s: float = _CHECKPOINT_S
    answers: bool = True


@dataclass(frozen=True, slots=True)
class _Received(Generic[In]):
    message: Message
    record: In


class StageRunner(Generic[In]):
    """Runs a stage on its input topic until told to stop; owns its consumer and its producer."""

    def __init__(
        self,
        options: RunnerOptions,
        stage: Stage[In],
        topic: Topic[In],
        bootstrap: str,
        codec: Codec,
        tracing: Tracing = UNTRACED,
        health: Health | None = None,
    ) -> None:
        self._options = options
        self._stage = stage
        self._topic = topic
        self._bootstrap = bootstrap
        self._codec = codec
        self._health = health or Health()
        self._consumer = Consumer(_consumer_config(bootstrap, options.name))
        self._partitions: dict[int, PartitionProgress] = {}
        self._statuses: dict[str, TaskStatus] = {}
        self._observed = Observed(options.name, topic.name, tracing)
        self._callback_failure: Exception | None = None

    def run(self, stop: threading.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Work until ``stop`` is set, then make everything safe and leave the group.

        ``ready`` is called at every turn of the loop: the stage can take records. ``ServerAway`` if a server is away
        when the stop comes: what was not made safe is done again by whoever goes on.
        """
        self._patience = Patience(self._options.name, stop, self._health)
        self._producer = RecordProducer(self._bootstrap, self._codec, stop=stop)
        self._consumer.subscribe(
            [self._topic.name],
            on_assign=self._guarded(self._assigned),
            on_revoke=self._guarded(self._revoked),
            on_lost=self._guarded(self._lost),
        )
        bind_contextvars(stage=self._options.name)
        try:
            next_checkpoint = time.monotonic() + self._options.checkpoint_s
            next_report = time.monotonic() + _REPORT_S
            while not stop.is_set():
                self._step(self._poll())
                ready()
                if time.monotonic() >= next_report:
                    self._report()
                    next_report = time.monotonic() + _REPORT_S
                if time.monotonic() >= next_checkpoint:
                    written_s = self._checkpoint(list(self._partitions))
                    pause_s = max(self._options.checkpoint_s, min(written_s / _CHECKPOINT_SHARE, _LONGEST_CHECKPOINT_S))
                    next_checkpoint = time.monotonic() + pause_s
            self._checkpoint(list(self._partitions))
        finally:
            self._consumer.close()

    def _poll(self) -> list[Message]:
        first = self._consumer.poll(_POLL_S)
        self._raise_callback_failure()
        if first is None:
            return []
        held = self._partitions.get(_partition(first))
        more = self._consumer.consume(self._options.max_batch - 1, 0) if self._options.max_batch > 1 else []
        self._raise_callback_failure()
        if self._partitions.get(_partition(first)) is not held:
            # Lost and assigned anew in between: what lies before this record comes again, and must come first.
            return [message for message in more if not _is_notice(message)]
        return [message for message in (first, *more) if not _is_notice(message)]

    def _raise_callback_failure(self) -> None:
        if self._callback_failure is not None:
            raise self._callback_failure

    def _step(self, messages: Sequence[Message]) -> None:
        # A rebalance between two polls may have taken a partition away: its records are the next owner's.
        messages = [m for m in messages if _partition(m) in self._partitions]
        received = [r for r in map(self._receive, messages) if r is not None]
        if received:
            refused = []
            with self._observed.feeding():
                for output in self._stage.feed([r.record for r in received]):
                    self._emit(output, received)
                    if isinstance(output, Rejection):
                        refused.append(received[output.index].record)
            self._observed.refused(refused)
        done()
        for message in messages:
            self._partitions[_partition(message)].next_offset = _offset(message) + 1

    def _receive(self, message: Message) -> _Received[In] | None:
        name = self._options.name
        place = self._observed.received(message)
        try:
            record = self._codec.read(self._topic, message.key(), message.value())
        except UnreadableRecord as error:
            bury(self._producer, name, message, error.reason, str(error))
            return None
        partition, key = self._partitions[_partition(message)], self._topic.key(record)
        stream, position = self._topic.stream(record), self._topic.position(record)
        refusal = partition.refusal(key, stream, _offset(message), position, record.kind)
        if refusal == DUPLICATE:
            self._observed.dropped(DUPLICATE)
            return None
        if refusal is not None:
            bury(self._producer, name, message, refusal, f"{record.kind} at {position} of stream {stream}")
            return None
        progress = partition.advance(key, stream, _offset(message), position, record)
        self._statuses[stream] = progress_status(self._options.stage, record, progress)
        if partition.keys[key].loss is not None:
            return self._after_loss(partition, message, place, record)
        self._observed.accepted(place, record, awaited=self._options.answers)
        return _Received(message, record)

    def _after_loss(
        self, partition: PartitionProgress, message: Message, place: Place, record: In
    ) -> _Received[In] | None:
        """Leave out a record of a lost key; return, in place of one of them, the end of its streams.

        Progress is told all the same: ingest waits for it.
        """
        key = self._topic.key(record)
        if not partition.tell_loss(key, _offset(message)):
            self._observed.dropped("lost_state")
            return None
        known = partition.keys[key]
        assert known.loss is not None
        answers, why = self._options.answers, known.loss.why
        self._emit(notice(self._options.stage, self._topic, record, why, answers=answers), ())
        end = last_record(record, known.tick, why)
        self._observed.accepted(place, end, awaited=answers)
        return _Received(message, end)

    def _emit(self, output: Output | Rejection, received: Sequence[_Received[In]]) -> None:
        name = self._options.name
        if isinstance(output, Rejection):
            bury(self._producer, name, received[output.index].message, output.reason, output.detail)
            return
        try:
            self._producer.send(output.topic, output.record, self._observed.headers(output.record))
        except UnwritableRecord as error:
            # Its input was read within all bounds; the same record would fail again at every restart.
            self._observed.dropped("unwritable")
            _log.error("result cannot be written", error=str(error))
            return
        self._observed.sent(output.topic.name)

    def _checkpoint(self, numbers: Sequence[int]) -> float:
        """Make progress safe, in an order in which a kill between any two steps loses nothing.

        Returns:
            seconds that writing states took, without waiting for the broker.

        """
        with metrics.CHECKPOINT_SECONDS.labels(self._options.name).time():
            self._report()
            # 1. Outputs reach the broker.
            self._flush()
            # 2. Snapshots that include those outputs reach it.
            began = time.monotonic()
            for number in numbers:
                self._write_snapshots(number)
            written_s = time.monotonic() - began
            self._flush()
            # 3. Only then the input counts as read.
            self._commit(numbers)
        self._observed.looked(self._consumer, self._producer)
        return written_s

    def _report(self) -> None:
        for status in self._statuses.values():
            self._producer.send(TASK_STATUS, status)
        self._statuses.clear()

    def _flush(self) -> None:
        self._patience.call("Kafka", lambda: self._producer.flush(_FLUSH_S), NotDelivered)

    def _write_snapshots(self, number: int) -> None:
        partition = self._partitions[number]
        for key in partition.changed:
            state = self._stage.snapshot(key)
            for record in partition.snapshot(key, state):
                self._producer.send_bytes(
                    state_topic(self._options.name),
                    record.key.encode(errors="surrogateescape"),
                    record.value,
                    record.headers,
                    number,
                )
            if not state:
                self._stage.forget(key)
        partition.changed.clear()

    def _commit(self, numbers: Sequence[int]) -> None:
        offsets = []
        for number in numbers:
            partition = self._partitions[number]
            if partition.next_offset != partition.committed_offset and partition.next_offset is not None:
                offsets.append(TopicPartition(self._topic.name, number, partition.next_offset))
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            # The partition moved, or the broker is away. Nothing is lost: the records come again and are dropped.
            _log.warning("offsets not committed", stage=self._options.name, error=str(error))
            return
        for offset in offsets:
            self._partitions[offset.partition].committed_offset = offset.offset

    def _guarded(self, callback: _Rebalance) -> Callable[[Consumer, list[TopicPartition]], None]:
        """Keep a callback's exception for the loop: the client's C code loses it."""

        def guarded(_consumer: Consumer, partitions: list[TopicPartition]) -> None:
            try:
                callback(partitions)
            except Exception as error:
                self._callback_failure = error

        return guarded

    def _assigned(self, partitions: list[TopicPartition]) -> None:
        topic = state_topic(self._options.name)
        for number in sorted(p.partition for p in partitions):
            stored = self._patience.call(
                "Kafka", partial(read_snapshots, self._bootstrap, topic, number), KafkaException
            )
            self._partitions[number] = PartitionProgress.from_snapshots(
                {key: found.snapshot for key, found in stored.items()}
            )
            flaws = {key: flaw for key, found in stored.items() if (flaw := self._restore(key, found)) is not None}
            if flaws:
                self._lose(number, stored, flaws)
        self._note_partitions("partitions assigned", partitions)

    def _restore(self, key: str, found: StoredState) -> str | None:
        """Let the stage go on from a state; return what is wrong with the state if it cannot."""
        if found.flaw is not None or not found.snapshot.state:
            return found.flaw
        try:
            self._stage.restore(key, found.snapshot.state)
        except (BrokenStage, OSError, MemoryError):
            raise
        except Exception as error:  # whatever bytes of another version lead to
            self._stage.forget(key)
            return f"{type(error).__name__}: {error}"
        return None

    def _lose(self, number: int, stored: Mapping[str, StoredState], flaws: Mapping[str, str]) -> None:
        """Set states aside that cannot be read, and remember that, before any record is read."""
        name, ends = self._options.name, TopicEnds(self._bootstrap, self._topic.name)
        beyond = self._patience.call("Kafka", lambda: ends.of([number], _ASK_S)[number], KafkaException)
        for key, flaw in flaws.items():
            why = f"{name}: the state of {key!r} cannot be read ({flaw}), run the task again"
            for message in stored[key].messages:
                bury(self._producer, name, message, "unreadable_state", why)
            self._partitions[number].lose(key, Loss(why, beyond))
        self._flush()
        self._write_snapshots(number)
        self._flush()

    def _revoked(self, partitions: list[TopicPartition]) -> None:
        self._checkpoint([p.partition for p in partitions if p.partition in self._partitions])
        self._drop(partitions)
        self._note_partitions("partitions revoked", partitions)

    def _lost(self, partitions: list[TopicPartition]) -> None:
        self._drop(partitions)
        self._note_partitions("partitions lost", partitions)

    def _drop(self, partitions: list[TopicPartition]) -> None:
        for p in partitions:
            progress = self._partitions.pop(p.partition, PartitionProgress())
            for key in progress.keys:
                self._stage.forget(key)

    def _note_partitions(self, event: str, partitions: list[TopicPartition]) -> None:
        self._observed.partitions(len(self._partitions))
        _log.info(event, stage=self._options.name, partitions=sorted(p.partition for p in partitions))


def _consumer_config(bootstrap: str, name: str) -> dict[str, Any]:
    return {
        **client_config(bootstrap),
        "group.id": f"spoton-{name}",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": 10000,  # a killed instance's partitions move after this long
        "max.partition.fetch.bytes": MAX_RECORD_BYTES,
        "queued.max.messages.kbytes": 32768,  # pictures read ahead
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


def _partition(message: Message) -> int:
    return message.partition()  # type: ignore[no-any-return]


def _offset(message: Message) -> int:
    return message.offset()  # type: ignore[no-any-return]
