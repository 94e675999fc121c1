"""Which record a log event is about: set where records are read, looked up only when something is logged."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

from confluent_kafka import Message
from structlog.typing import EventDict

from spoton_common.kafka.headers import read_headers
from spoton_common.tracing import read_traceparent, trace_id_text


class Place(NamedTuple):
    """Where a record lies in Kafka, and its headers."""

    topic: str
    partition: int
    offset: int
    headers: list[tuple[str, bytes | None]] | None

    @classmethod
    def of(cls, message: Message) -> "Place":
        """Return a message's place."""
        return cls(str(message.topic()), int(message.partition()), int(message.offset()), read_headers(message))


_current: ContextVar[tuple[Place | None, Any]] = ContextVar("spoton_current", default=(None, None))
_batch: ContextVar[Mapping[int, Place]] = ContextVar("spoton_batch", default={})  # noqa: B039 (never changed)


def reading(place: Place, record: Any = None) -> None:
    """Say that what is logged from here on, in this thread, is about this record."""
    _current.set((place, record))


def feeding(places: Mapping[int, Place]) -> None:
    """Say where the records of a batch lie, by ``id(record)``; ``about`` says which of them it is."""
    _batch.set(places)
    _current.set((None, None))


def about(record: Any) -> None:
    """Say that what is logged from here on is about this record of the batch."""
    _current.set((_batch.get().get(id(record)), record))


def done() -> None:
    """Say that no record is in work any more."""
    _batch.set({})
    _current.set((None, None))


def add_record(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Add task, camera, topic, partition, offset and trace to an event; what it says itself has precedence."""
    place, record = _current.get()
    if place is None and record is None:
        return event
    return {**_fields(place, record), **event}


def _fields(place: Place | None, record: Any) -> dict[str, Any]:
    found = {"task": getattr(record, "task_id", None), "camera": getattr(record, "camera_id", None)}
    if place is not None:
        traceparent = read_traceparent(place.headers)
        found |= {"topic": place.topic, "partition": place.partition, "offset": place.offset}
        found["trace"] = trace_id_text(traceparent) if traceparent else None
    return {name: value for name, value in found.items() if value is not None}
