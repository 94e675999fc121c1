"""Which offsets of a partition are done, when they are done out of order."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class PartitionOffsets:
    """Offsets begun, in order, and whether each is done."""

    _begun: dict[int, bool] = field(default_factory=dict)

    def begin(self, offset: int) -> None:
        """Note an offset that was read."""
        self._begun[offset] = False

    def done(self, offset: int) -> None:
        """Note an offset whose records are safe."""
        if offset in self._begun:
            self._begun[offset] = True

    def committable(self) -> int | None:
        """Return the offset to commit, one behind the last of those done without a gap; None if nothing new is."""
        last = None
        for offset, done in list(self._begun.items()):
            if not done:
                break
            last = offset
            del self._begun[offset]
        return None if last is None else last + 1
