"""What a runner knows of one input partition: the keys in it and how far each stream has been read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from spoton_schemas.records import Kind, Tick
from spoton_schemas.topics import END_RANK, Position

from spoton_common.kafka.snapshots import PART_HEADERS, Progress, Snapshot
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

    ``parts``: keys of the records over which the last snapshot is spread.
    """

    offset: int = 0
    streams: dict[str, Progress] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)


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
            keys={key: KeyProgress(s.offset, dict(s.progress), s.part_keys(key)) for key, s in snapshots.items()}
        )

    def refusal(self, key: str, stream: str, offset: int, position: Position, kind: Kind) -> str | None:
        """Tell why a record is not the next of its stream; None if it is.

        ``DUPLICATE``: part of a restored state, or said before by its sender. Else the stream is not what a stream
        must be: a START, then records of growing position, up to one END_OF_TASK.
        """
        known = self.keys.get(key)
        if known is not None and offset < known.offset:
            return DUPLICATE
        progress = None if known is None else known.streams.get(stream)
        if progress is None:
            return None if kind is Kind.START else "not_started"
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

    def snapshot(self, key: str, state: bytes) -> Iterator[StateRecord]:
        """Put a key's state and progress together: yield what to write, in the order in which a kill hurts nothing."""
        known = self.keys[key]
        snapshot, parts = Snapshot(known.offset, known.streams, state).in_parts()
        keys = snapshot.part_keys(key)
        for part_key, part in zip(keys, parts, strict=True):
            yield StateRecord(part_key, part, PART_HEADERS)
        yield StateRecord(key, snapshot.to_bytes())
        for old in known.parts:
            if old not in keys:
                yield StateRecord(old, None, PART_HEADERS)
        known.parts = keys
