"""Where a client stands: the next Kafka offset of each topic of its task.

Every instance of the gateway understands it, before and after a restart, because it names nothing but Kafka's offsets.
"""

from dataclasses import dataclass, replace
from typing import Self

from spoton_schemas.topics import EVENTS, IDENTITY_REVISIONS, MAP_POINTS, TASK_STATUS

from spoton_gateway.errors import BadCursor

_FIELDS = {
    MAP_POINTS.name: "map_points",
    TASK_STATUS.name: "task_status",
    IDENTITY_REVISIONS.name: "identity_revisions",
    EVENTS.name: "events",
}
TOPIC_NAMES = tuple(_FIELDS)
_MAX_OFFSET = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Source:
    """What a message was made of: the record at an offset of a topic, and which of its messages it is (from 0)."""

    topic: str
    offset: int
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Cursor:
    """Next offsets by topic; ``sent`` messages of the task-status record at ``task_status`` have gone out already."""

    map_points: int
    task_status: int
    identity_revisions: int
    events: int
    sent: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str`` wrote; ``BadCursor`` for anything else."""
        parts = text.split(".")
        if len(parts) != 5 or not all(part.isascii() and part.isdecimal() for part in parts):
            raise BadCursor(f"{text[:80]!r} is not a cursor of this service")
        if max(map(len, parts)) > len(str(_MAX_OFFSET)) or max(map(int, parts)) > _MAX_OFFSET:
            raise BadCursor(f"{text[:80]!r} is not a cursor of this service")
        return cls(*map(int, parts))

    def __str__(self) -> str:
        numbers = (self.map_points, self.task_status, self.identity_revisions, self.events, self.sent)
        return ".".join(map(str, numbers))

    def offset(self, topic: str) -> int:
        """Return the next offset of a topic."""
        return int(getattr(self, _FIELDS[topic]))

    def at(self, topic: str, offset: int) -> Self:
        """Return a cursor that stands at another offset of a topic, before the first message of that record."""
        return replace(self, **{_FIELDS[topic]: offset, "sent": 0})

    def partly(self, offset: int, sent: int) -> Self:
        """Return a cursor within the messages of the task-status record at ``offset``."""
        return replace(self, task_status=offset, sent=sent)

    def covers(self, source: Source) -> bool:
        """Tell whether the client has had a message."""
        if source.topic == TASK_STATUS.name and source.offset == self.task_status:
            return source.ordinal < self.sent
        return source.offset < self.offset(source.topic)

    def reaches(self, other: "Cursor") -> bool:
        """Tell whether whoever stands here has had everything that one who stands at ``other`` has had."""
        return (
            self.map_points >= other.map_points
            and (self.task_status, self.sent) >= (other.task_status, other.sent)
            and self.identity_revisions >= other.identity_revisions
            and self.events >= other.events
        )

    def joined(self, other: "Cursor") -> "Cursor":
        """Return where one stands who has had what belongs to either cursor."""
        status = max((self.task_status, self.sent), (other.task_status, other.sent))
        return Cursor(
            max(self.map_points, other.map_points),
            status[0],
            max(self.identity_revisions, other.identity_revisions),
            max(self.events, other.events),
            status[1],
        )
