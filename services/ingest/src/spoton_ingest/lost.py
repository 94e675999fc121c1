"""Cameras whose state cannot be read, and how they go on: from their beginning if that is all there was, else not."""

from dataclasses import dataclass, replace

import msgspec
from spoton_common.kafka.snapshots import Loss, Progress, Snapshot, StoredState
from spoton_schemas.bounds import MAX_TICK
from spoton_schemas.records import Segment
from spoton_schemas.topics import END_RANK

from spoton_ingest.chain import Chain

_GOES_ON = 1  # any rank but that of an end


@dataclass(frozen=True, slots=True)
class LostCamera:
    """What is still known of a camera; no ``progress``: nothing."""

    partition: int
    progress: Progress | None
    why: str

    @property
    def ended(self) -> bool:
        """Whether its stream had ended."""
        return self.progress is not None and self.progress.position[1] == END_RANK

    def begins_again(self, segment: Segment) -> bool:
        """Tell whether all that was published of the camera is said again, and is equal, if this segment is done."""
        batches = 0 if self.progress is None else self.progress.position[2]
        return segment.sub_video_batch_index == batches == 0

    def last(self, chain: Chain) -> Chain:
        """Return the state at the end of the stream, behind everything that may have been published of it."""
        tick, frames = (MAX_TICK, 0) if self.progress is None else (self.progress.position[0], self.progress.frames)
        return replace(chain, next_tick=tick, reserved_tick=tick, frames=frames, ended=True)


def snapshot_of(chain: Chain, offset: int) -> Snapshot:
    """Return what is kept of a camera, which stands for its segments before ``offset``.

    How far the stream may have got can be read also by versions that know another kind of chain.
    """
    tick, rank = max(chain.next_tick, chain.reserved_tick), END_RANK if chain.ended else _GOES_ON
    return Snapshot(offset, {chain.key: Progress((tick, rank, chain.next_batch), chain.frames)}, chain.to_bytes())


def lost_snapshot(key: str, found: StoredState, why: str) -> Snapshot:
    """Return what is kept of a camera in place of a state that cannot be read."""
    progress = {name: known for name, known in found.snapshot.progress.items() if name == key}
    return Snapshot(found.snapshot.offset, progress, loss=Loss(why, beyond=0))


def read_chain(found: StoredState) -> tuple[Chain | None, str | None]:
    """Return the chain, or none and what is wrong with the state; nothing is if the loss is known already."""
    if found.flaw is not None or found.snapshot.loss is not None:
        return None, found.flaw
    try:
        return Chain.from_bytes(found.snapshot.state), None
    except msgspec.DecodeError as error:
        return None, f"{type(error).__name__}: {error}"
