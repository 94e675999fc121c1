"""What earlier tasks taught of an environment, put together from the topic ``habits``."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import KafkaException
from spoton_common import metrics
from spoton_common.kafka.reading import read_partition
from spoton_common.logging import get_logger
from spoton_common.servers import Patience
from spoton_schemas.bounds import MAX_PLACES
from spoton_schemas.codec import Codec
from spoton_schemas.errors import UnreadableRecord
from spoton_schemas.habits import Habits, HabitualPlace
from spoton_schemas.records import TaskHabits
from spoton_schemas.topics import HABITS

_log = get_logger()

_PARTITION = 0  # there is one: a task's START waits for the whole topic


@dataclass(frozen=True, slots=True)
class HabitsTopic:
    """Reads the topic where a task begins: seldom, and from then on the task's stream has what was read."""

    bootstrap: str
    codec: Codec
    patience: Patience
    stage: str

    def of(self, environment_id: str, task_id: str) -> Habits | None:
        """Return what tasks of an environment taught, this one left out; None: nothing.

        However long Kafka is away; ``ServerAway`` if the process is told to stop.
        """
        newest = self.patience.call("Kafka", lambda: self._read(f"{environment_id}/"), KafkaException)
        taught = [record for record in map(self._decoded, newest) if record is not None]
        return together(record.habits for record in taught if record.task_id != task_id)

    def _read(self, prefix: str) -> list[tuple[bytes, bytes]]:
        newest: dict[bytes, bytes | None] = {}
        for message in read_partition(self.bootstrap, HABITS.name, _PARTITION):
            key = message.key() or b""
            if key.startswith(prefix.encode()):
                newest[key] = message.value()
        return [(key, value) for key, value in sorted(newest.items()) if value is not None]

    def _decoded(self, item: tuple[bytes, bytes]) -> TaskHabits | None:
        try:
            return self.codec.read(HABITS, *item)
        except UnreadableRecord as unreadable:
            metrics.DROPPED.labels(self.stage, unreadable.reason).inc()
            _log.warning("record unreadable", topic=HABITS.name, error=str(unreadable))
            return None


def together(taught: Iterable[Habits]) -> Habits | None:
    """Add habits up; None: there are none. Of too many places, those where most people came are kept."""
    people = 0
    visitors: Counter[tuple[int, int]] = Counter()
    ways: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * 8)
    for habits in taught:
        people += habits.people
        for place in habits.places:
            at = place.x_m, place.y_m
            visitors[at] += place.people
            ways[at] = [so_far + more for so_far, more in zip(ways[at], place.ways, strict=True)]
    if not people:
        return None
    kept = sorted(sorted(visitors, key=lambda at: (-visitors[at], at))[:MAX_PLACES])
    places = (HabitualPlace(x_m=at[0], y_m=at[1], people=visitors[at], ways=tuple(ways[at])) for at in kept)  # type: ignore[arg-type]
    return Habits(people=people, places=tuple(places))
