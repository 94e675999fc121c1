"""Snapshots of a stage, one a key, in a compacted topic with the partitions of the stage's input.

A snapshot says how far into the input it stands. States are functions of the input before that offset, so of two
snapshots of a key the one with the larger offset is right, whoever wrote it: an instance that lost its partition
without noticing cannot set the new owner back.

A state that is too large for a record lies in parts before its snapshot, under keys of that offset: the parts of the
last snapshot stay until the next one is whole.
"""

from dataclasses import dataclass, field, replace

import msgspec
from spoton_schemas.topics import Position

from spoton_common.errors import UnreadableSnapshot
from spoton_common.kafka.reading import read_partition

PART_BYTES = 4 * 1024 * 1024
"""The most of a state that goes into one record."""

PART_HEADERS = {"spoton-part": b"1"}
"""What tells parts from snapshots, whatever keys are called."""


@dataclass(slots=True)
class Progress:
    """How far a stream has been read: the last position, and the frames so far."""

    position: Position
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A key's state after all its input before ``offset``; ``state`` is empty once the key is finished.

    ``parts``: how many records the state is spread over; 0: it is here.
    """

    offset: int
    progress: dict[str, Progress] = field(default_factory=dict)
    state: bytes = b""
    parts: int = 0

    def to_bytes(self) -> bytes:
        """Write as MessagePack."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Snapshot":
        """Read what ``to_bytes`` wrote."""
        return msgspec.msgpack.decode(data, type=cls)

    def part_keys(self, key: str) -> list[str]:
        """Name the records that hold the state's parts."""
        return [f"{key}#{self.offset}.{number}" for number in range(self.parts)]

    def in_parts(self) -> tuple["Snapshot", list[bytes]]:
        """Return the snapshot as it is written, and the parts to be written before it; none for a small state."""
        if len(self.state) <= PART_BYTES:
            return self, []
        parts = [self.state[at : at + PART_BYTES] for at in range(0, len(self.state), PART_BYTES)]
        return replace(self, state=b"", parts=len(parts)), parts


class NewestSnapshots:
    """Takes a state topic's records in order and keeps the newest snapshot of every key."""

    def __init__(self) -> None:
        self._newest: dict[str, Snapshot] = {}
        self._parts: dict[str, bytes] = {}

    def take(self, key: str, value: bytes | None, is_part: bool) -> None:
        """Take a record; no value: it is gone."""
        if is_part:
            if value is None:
                self._parts.pop(key, None)
            else:
                self._parts[key] = value
        elif value is None:
            self._newest.pop(key, None)
        else:
            snapshot = Snapshot.from_bytes(value)
            if key not in self._newest or snapshot.offset >= self._newest[key].offset:
                self._newest[key] = snapshot

    def whole(self) -> dict[str, Snapshot]:
        """Return the snapshots with their states; ``UnreadableSnapshot`` if a part is missing."""
        return {key: replace(found, state=self._joined(key, found)) for key, found in self._newest.items()}

    def _joined(self, key: str, snapshot: Snapshot) -> bytes:
        try:
            return snapshot.state + b"".join(self._parts[part] for part in snapshot.part_keys(key))
        except KeyError as error:
            raise UnreadableSnapshot(f"the state of {key} lacks its part {error}") from None


def read_snapshots(bootstrap: str, topic: str, partition: int) -> dict[str, Snapshot]:
    """Read a partition of a state topic from beginning to end and return the newest snapshot of every key.

    ``KafkaException`` if the broker is away, ``UnreadableSnapshot`` if a part of a state is missing.
    """
    newest = NewestSnapshots()
    for message in read_partition(bootstrap, topic, partition):
        is_part = dict(message.headers() or ()) == PART_HEADERS
        newest.take((message.key() or b"").decode(), message.value(), is_part)
    return newest.whole()
