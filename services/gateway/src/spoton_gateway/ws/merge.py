"""The records of several topics in the order in which they were written."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spoton_schemas.topics import TASK_STATUS


@dataclass(frozen=True, slots=True)
class Received:
    """A record of the task, with its place in Kafka and the time (ms since 1970) at which it was written."""

    topic: str
    offset: int
    timestamp_ms: int
    record: Any
    latency: dict[str, int]


class Merge:
    """Orders by time what lies in Kafka when reading begins; what is written later passes in the order it comes.

    Of the same millisecond, what is said of the task comes before what is seen in it.
    ``ends`` are the offsets at which the topics ended at the beginning, ``positions`` where reading begins.
    """

    def __init__(self, positions: Mapping[str, int], ends: Mapping[str, int]) -> None:
        self._positions = dict(positions)
        self._ends = dict(ends)
        self._waiting: dict[str, deque[Received]] = {topic: deque() for topic in positions}

    @property
    def caught_up(self) -> bool:
        """Whether everything that was there at the beginning has been read."""
        return all(self._read(topic) for topic in self._positions)

    def has_reached(self, ends: Mapping[str, int]) -> bool:
        """Whether everything before these offsets has been read."""
        return all(self._positions[topic] >= end for topic, end in ends.items())

    def add(self, received: Received) -> None:
        """Take a record of the task."""
        self._waiting[received.topic].append(received)

    def reached(self, topic: str, next_offset: int) -> None:
        """Note how far a topic has been read, records of other tasks included."""
        self._positions[topic] = max(next_offset, self._positions[topic])

    def ready(self) -> Iterator[Received]:
        """Yield the records whose turn it is."""
        while True:
            heads = [queue[0] for queue in self._waiting.values() if queue]
            blocked = any(not queue and not self._read(topic) for topic, queue in self._waiting.items())
            if not heads or blocked:
                return
            first = min(heads, key=lambda received: (received.timestamp_ms, received.topic != TASK_STATUS.name))
            yield self._waiting[first.topic].popleft()

    def _read(self, topic: str) -> bool:
        return self._positions[topic] >= self._ends[topic]
