"""The dead letters: reading them, and sending them again."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from spoton_common.kafka.dead_letters import REDRIVEN, Burial, unbury
from spoton_common.kafka.headers import HeaderList, read_headers, written_at
from spoton_common.kafka.producer import RecordProducer
from spoton_local import Connections, connections
from spoton_schemas.codec import Codec
from spoton_schemas.topics import DEAD_LETTERS, MAX_DEAD_LETTER_BYTES, REDRIVES

from spoton_cli.errors import CommandError, NoSuchLetter

_TIMEOUT_S = 10.0
_ID = re.compile(r"(\d{1,9}):(\d{1,18})")
_AGE = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_UNKNOWN = Burial("?", "?", "the headers that stages write are missing", "?", -1, -1)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: a record as it came, and why it lies here."""

    partition: int
    offset: int
    written_at: datetime
    key: bytes | None
    value: bytes | None
    headers: HeaderList
    burial: Burial

    @property
    def id(self) -> str:
        """Name of the letter: its place in the topic."""
        return f"{self.partition}:{self.offset}"

    @property
    def origin(self) -> str:
        """Name of the record that it was; a restarted stage may have set it aside twice."""
        return f"{self.burial.topic}/{self.burial.partition}/{self.burial.offset}"

    @property
    def times_redriven(self) -> int:
        """How many times the record had been sent again before it came here."""
        counts = [data or b"" for name, data in self.headers if name == REDRIVEN]
        return int(counts[-1]) if counts and re.fullmatch(rb"\d{1,6}", counts[-1]) else 0


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant; None is any."""

    reason: str | None = None
    topic: str | None = None
    stage: str | None = None
    since: datetime | None = None

    def admits(self, letter: Letter) -> bool:
        """Tell whether a letter is meant."""
        burial = letter.burial
        pairs = ((self.reason, burial.reason), (self.topic, burial.topic), (self.stage, burial.stage))
        return all(wanted in (None, found) for wanted, found in pairs) and (
            self.since is None or letter.written_at >= self.since
        )


def parse_since(text: str, now: datetime) -> datetime:
    """Read a point in time: an age (90s, 30m, 2h, 7d) or ISO 8601, taken as UTC without an offset."""
    if age := _AGE.fullmatch(text):
        return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"--since {text!r} is neither an age (90s, 30m, 2h, 7d) nor a time (2026-05-01T12:00)"
        ) from (error)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_id(text: str) -> tuple[int, int]:
    """Read a letter's name."""
    if match := _ID.fullmatch(text):
        return int(match[1]), int(match[2])
    raise CommandError(f"{text!r} is not the id of a dead letter: they look like 0:17 (`spoton dead-letters list`)")


class DeadLetters:
    """The topic of dead letters, read from beginning to end."""

    def __init__(self, addresses: Connections) -> None:
        self._addresses = addresses

    @classmethod
    def of_local_stack(cls) -> "DeadLetters":
        """Read those of the stack in this checkout."""
        return cls(connections())

    def read(self, wanted: Filter) -> Iterator[Letter]:
        """Yield the letters that are there now, oldest first."""
        with self._consumer() as consumer:
            for message in self._messages(consumer, DEAD_LETTERS, wanted.since):
                letter = _letter(message)
                if wanted.admits(letter):
                    yield letter

    def get(self, letter_id: str) -> Letter:
        """Return one letter; ``NoSuchLetter``."""
        partition, offset = parse_id(letter_id)
        with self._consumer() as consumer:
            known = consumer.list_topics(DEAD_LETTERS, _TIMEOUT_S).topics[DEAD_LETTERS].partitions
            if partition in known:
                low, high = consumer.get_watermark_offsets(TopicPartition(DEAD_LETTERS, partition), _TIMEOUT_S)
                if low <= offset < high:
                    consumer.assign([TopicPartition(DEAD_LETTERS, partition, offset)])
                    return _letter(_next(consumer))
        raise NoSuchLetter(f"there is no dead letter {letter_id}: `spoton dead-letters list` shows those there are")

    def redriven(self) -> set[str]:
        """Return the origins of all letters that were sent again."""
        with self._consumer() as consumer:
            return {(m.key() or b"").decode(errors="replace") for m in self._messages(consumer, REDRIVES, None)}

    def redrive(self, letters: Iterable[Letter]) -> int:
        """Send records to the topics that they came from, as they came; returns how many.

        Each is noted as redriven before it is sent: rather not at all than twice, should this be interrupted.
        """
        codec = Codec.connect(self._addresses.registry_url)
        producer = RecordProducer(self._addresses.kafka_bootstrap, codec)
        chosen = list(letters)
        for letter in chosen:
            producer.send_bytes(REDRIVES, letter.origin.encode(), letter.id.encode())
        producer.flush(_TIMEOUT_S)
        for letter in chosen:
            own = [(name, data) for name, data in letter.headers if name != REDRIVEN]
            count = (REDRIVEN, str(letter.times_redriven + 1).encode())
            producer.send_bytes(letter.burial.topic, letter.key, letter.value, [*own, count])
        producer.flush(_TIMEOUT_S)
        return len(chosen)

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer(
            {
                "bootstrap.servers": self._addresses.kafka_bootstrap,
                "group.id": "unused",
                "enable.auto.commit": False,
                "max.partition.fetch.bytes": MAX_DEAD_LETTER_BYTES,
                "log_level": 0,  # what goes wrong is told once, by the command
            }
        )
        try:
            yield consumer
        except KafkaException as error:
            bootstrap = self._addresses.kafka_bootstrap
            raise CommandError(
                f"Kafka at {bootstrap} says: {error.args[0].str()}. Is the stack up? try `spoton up`"
            ) from error
        finally:
            consumer.close()

    def _messages(self, consumer: Consumer, topic: str, since: datetime | None) -> Iterator[Message]:
        for number in sorted(consumer.list_topics(topic, _TIMEOUT_S).topics[topic].partitions):
            partition = TopicPartition(topic, number)
            offset, end = consumer.get_watermark_offsets(partition, _TIMEOUT_S)
            if since is not None:
                asked = TopicPartition(topic, number, max(int(since.timestamp() * 1000), 0))
                found = consumer.offsets_for_times([asked], _TIMEOUT_S)[0].offset
                offset = max(offset, found) if found >= 0 else end
            consumer.assign([TopicPartition(topic, number, offset)])
            while consumer.position([partition])[0].offset < end and offset < end:
                message = _next(consumer)
                offset = message.offset() + 1
                yield message


def _next(consumer: Consumer) -> Message:
    message = consumer.poll(_TIMEOUT_S)
    if message is None:
        raise CommandError(f"Kafka gave no record within {_TIMEOUT_S:.0f} s")
    if message.error() is not None:
        raise KafkaException(message.error())
    return message


def _letter(message: Message) -> Letter:
    headers, burial = unbury(read_headers(message))
    return Letter(
        partition=message.partition(),
        offset=message.offset(),
        written_at=written_at(message),
        key=message.key(),
        value=message.value(),
        headers=headers,
        burial=burial or _UNKNOWN,
    )
