"""What the stage remembers of one camera of a task."""

from dataclasses import dataclass

import msgspec

from spoton_detector.class_choice import ClassChoice


@dataclass(slots=True)
class CameraState:
    """What one camera's stream asks for.

    Attributes:
        names: the classes that its scene names.
        fps: its processing rate.
        next_look: the tick from which on a picture is looked at, where some are left out.

    """

    names: tuple[str, ...]
    fps: float
    next_look: int = 0

    @property
    def choice(self) -> ClassChoice:
        """The classes to keep."""
        return ClassChoice(self.names)

    def to_bytes(self) -> bytes:
        """Write as MessagePack; never empty."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "CameraState":
        """Read what ``to_bytes`` wrote."""
        return msgspec.msgpack.decode(data, type=cls)
