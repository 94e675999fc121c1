"""What a runner knows of one input partition: the keys in it and how far each stream has been read."""

from dataclasses import dataclass, field

from spoton_schemas.records import Kind, Tick
from spoton_schemas.topics import END_RANK, Position

from spoton_common.kafka.snapshots import Progress, Snapshot
from spoton_common.runtime.progress import frames_in

DUPLICATE = "duplicate"


@dataclass(slots=True)
class KeyProgress:
    """How far one key's streams have been read; records before ``offset`` are part of the state."""

    offset: int = 0
    streams: dict[str, Progress] = field(default_factory=dict)


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
        return cls(keys={key: KeyProgress(s.offset, dict(s.progress)) for key, s in snapshots.items()})

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

    def snapshot(self, key: str, state: bytes) -> Snapshot:
        """Put a key's state and progress together."""
        known = self.keys[key]
        return Snapshot(known.offset, known.streams, state)
