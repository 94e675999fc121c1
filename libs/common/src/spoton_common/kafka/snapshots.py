"""Snapshots of a stage, one a key, in a compacted topic with the partitions of the stage's input.

A snapshot says how far into the input it stands. States are functions of the input before that offset, so of two
snapshots of a key the one with the larger offset is right, whoever wrote it: an instance that lost its partition
without noticing cannot set the new owner back.

A state that is too large for a record lies in parts before its snapshot, under keys of that offset: the parts of the
last snapshot stay until the next one is whole.

A state that cannot be read (another version wrote it, a part is missing) costs its own key alone: it is given back with
what is wrong with it, and the reader writes a ``Loss`` in its place.
"""

from dataclasses import dataclass, field, replace

import msgspec
from confluent_kafka import Message
from spoton_schemas.topics import Position

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
class Loss:
    """A key's state could not be read, so that its streams end here as failed.

    Attributes:
        why: a sentence for people to read.
        beyond: what follows from the input at and behind this offset cannot have been said by anybody before.
        told: the end has been told.

    """

    why: str
    beyond: int
    told: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A key's state after all its input before ``offset``; ``state`` is empty once the key is finished.

    ``parts``: how many records the state is spread over; 0: it is here. ``loss``: there is no state any more.
    """

    offset: int
    progress: dict[str, Progress] = field(default_factory=dict)
    state: bytes = b""
    parts: int = 0
    loss: Loss | None = None

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


@dataclass(frozen=True, slots=True)
class StoredState:
    """A key's newest snapshot and the records that it lies in.

    ``flaw``: why the state cannot be read; the snapshot then has none, and what could be read of its progress.
    """

    snapshot: Snapshot
    messages: tuple[Message, ...]
    flaw: str | None = None


class NewestSnapshots:
    """Takes a state topic's records in order and keeps the newest snapshot of every key."""

    def __init__(self) -> None:
        self._newest: dict[str, StoredState] = {}
        self._parts: dict[str, Message] = {}

    def take(self, message: Message) -> None:
        """Take a record; one without value removes what was there."""
        key = (message.key() or b"").decode(errors="surrogateescape")  # whoever may write here may write anything
        is_part = dict(message.headers() or ()) == PART_HEADERS
        if message.value() is None:
            (self._parts if is_part else self._newest).pop(key, None)
        elif is_part:
            self._parts[key] = message
        else:
            self._take_snapshot(key, message)

    def whole(self) -> dict[str, StoredState]:
        """Return the snapshots with their states, and those whose state cannot be read."""
        return {key: self._joined(key, found) for key, found in self._newest.items()}

    def _take_snapshot(self, key: str, message: Message) -> None:
        before = self._newest.get(key)
        try:
            snapshot = Snapshot.from_bytes(message.value())
        except msgspec.DecodeError as error:
            known = Snapshot(0) if before is None else replace(before.snapshot, state=b"")
            self._newest[key] = StoredState(known, (message,), f"no snapshot: {error}")
            return
        if before is None or before.flaw is not None or snapshot.offset >= before.snapshot.offset:
            self._newest[key] = StoredState(snapshot, (message,))

    def _joined(self, key: str, found: StoredState) -> StoredState:
        keys = found.snapshot.part_keys(key)
        if not keys or found.flaw is not None:
            return found
        parts = [self._parts[part] for part in keys if part in self._parts]
        messages = (*parts, *found.messages)
        if len(parts) < len(keys):
            missing = next(part for part in keys if part not in self._parts)
            return StoredState(found.snapshot, messages, f"it lacks its part {missing!r}")
        return StoredState(replace(found.snapshot, state=b"".join(part.value() for part in parts)), messages)


def read_snapshots(bootstrap: str, topic: str, partition: int) -> dict[str, StoredState]:
    """Read a partition of a state topic from beginning to end and return the newest snapshot of every key.

    ``KafkaException`` if the broker is away.
    """
    newest = NewestSnapshots()
    for message in read_partition(bootstrap, topic, partition):
        newest.take(message)
    return newest.whole()
