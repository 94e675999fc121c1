"""What a runner knows of one input partition: the keys in it and how far each stream has been read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from spoton_schemas.records import Kind, Tick
from spoton_schemas.topics import END_RANK, Position

from spoton_common.kafka.snapshots import PART_HEADERS, Loss, Progress, Snapshot
from spoton_common.runtime.progress import frames_in

DUPLICATE = "duplicate"


class StateRecord(NamedTuple):
    """A record for the state topic; no value removes what is there."""

    key: str
    value: bytes | None
    headers: Mapping[str, bytes] | None = None


@dataclass(slots=True)
class KeyProgress:
    """How far one key's streams have been read; records before ``offset`` are part of the state.

    ``parts``: keys of the records over which the last snapshot is spread. ``loss``: the state could not be read.
    """

    offset: int = 0
    streams: dict[str, Progress] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    loss: Loss | None = None

    @property
    def tick(self) -> int:
        """The newest tick read of any stream."""
        return max(progress.position[0] for progress in self.streams.values())

    @property
    def ended(self) -> bool:
        """Whether all streams that were seen have ended."""
        return all(progress.position[1] == END_RANK for progress in self.streams.values())


@dataclass(slots=True)
class PartitionProgress:
    """Progress of all keys of a partition, and which of them changed since the last checkpoint."""

    next_offset: int | None = None
    committed_offset: int | None = None
    keys: dict[str, KeyProgress] = field(default_factory=dict)
    changed: dict[str, None] = field(default_factory=dict)

    @classmethod
    def from_snapshots(cls, snapshots: dict[str, Snapshot]) -> "PartitionProgress":
        """Start from what the state topic holds."""
        return cls(
            keys={
                key: KeyProgress(s.offset, dict(s.progress), s.part_keys(key), s.loss) for key, s in snapshots.items()
            }
        )

    def refusal(self, key: str, stream: str, offset: int, position: Position, kind: Kind) -> str | None:
        """Tell why a record is not the next of its stream; None if it is.

        ``DUPLICATE``: part of a restored state, or said before by its sender. Else the stream is not what a stream
        must be: a START, then records of growing position, up to one END_OF_TASK. Of a lost key it may have been begun
        before.
        """
        known = self.keys.get(key)
        if known is not None and offset < known.offset:
            return DUPLICATE
        progress = None if known is None else known.streams.get(stream)
        if progress is None:
            may_begin = kind is Kind.START or (known is not None and known.loss is not None)
            return None if may_begin else "not_started"
        if position <= progress.position:
            return DUPLICATE
        if progress.position[1] == END_RANK:
            return "after_end"
        return "started_twice" if kind is Kind.START else None

    def advance(self, key: str, stream: str, offset: int, position: Position, record: Tick) -> Progress:
        """Note that a record has been fed and return its stream's progress."""
        known = self.keys.setdefault(key, KeyProgress())
        known.offset = offset + 1
        progress = known.streams.setdefault(stream, Progress(position))
        progress.position = position
        progress.frames += frames_in(record)
        self.changed[key] = None
        return progress

    def lose(self, key: str, loss: Loss) -> None:
        """Note that a key's state cannot be read."""
        self.keys.setdefault(key, KeyProgress()).loss = loss
        self.changed[key] = None

    def tell_loss(self, key: str, offset: int) -> bool:
        """Tell whether the end of a lost key is to be told at its record of this offset; if so, it counts as told.

        What was said before the loss may reach further than what is known here. The end must come behind all of it: at
        a record that nobody can have read before, or where the streams end.
        """
        known = self.keys[key]
        if known.loss is None or known.loss.told or not (offset >= known.loss.beyond or known.ended):
            return False
        known.loss = replace(known.loss, told=True)
        return True

    def snapshot(self, key: str, state: bytes) -> Iterator[StateRecord]:
        """Put a key's state and progress together: yield what to write, in the order in which a kill hurts nothing."""
        known = self.keys[key]
        snapshot, parts = Snapshot(known.offset, known.streams, state, loss=known.loss).in_parts()
        keys = snapshot.part_keys(key)
        for part_key, part in zip(keys, parts, strict=True):
            yield StateRecord(part_key, part, PART_HEADERS)
        yield StateRecord(key, snapshot.to_bytes())
        for old in known.parts:
            if old not in keys:
                yield StateRecord(old, None, PART_HEADERS)
        known.parts = keys
