"""What a runner knows of one input partition: the keys in it and how far each stream has been read."""

from dataclasses import dataclass, field

from spoton_schemas.records import Tick
from spoton_schemas.topics import Position

from spoton_common.kafka.snapshots import Progress, Snapshot
from spoton_common.runtime.progress import frames_in


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

    def accepts(self, key: str, stream: str, offset: int, position: Position) -> bool:
        """Tell whether a record is new: not part of a restored state, and not said before by its sender."""
        known = self.keys.get(key)
        if known is None:
            return True
        if offset < known.offset:
            return False
        progress = known.streams.get(stream)
        return progress is None or position > progress.position

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
