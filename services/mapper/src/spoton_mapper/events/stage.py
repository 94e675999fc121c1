"""The rules of all tasks; a mark behind the last event of each tells whoever stores events that it has all."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from spoton_common.runtime.stage import KeyedStage, Output, Rejection
from spoton_schemas.records import END_OF_EVENTS, Event, Kind, MapPoints
from spoton_schemas.topics import EVENTS, MAP_POINTS

from spoton_mapper.events.machine import EventsMachine, MakeRules


class EventsStage(KeyedStage[MapPoints]):
    """Says of each task that ends that no event will follow, also where the rules could not use its records."""

    def __init__(self, make_rules: MakeRules) -> None:
        super().__init__(MAP_POINTS, lambda _task: EventsMachine(make_rules))

    def feed(self, records: Sequence[MapPoints]) -> Iterator[Output | Rejection]:
        """Take records of any tasks; the mark follows what the end of its task has brought to light."""
        for index, record in enumerate(records):
            for output in super().feed([record]):
                yield replace(output, index=index) if isinstance(output, Rejection) else output
            if record.kind is Kind.END_OF_TASK:
                yield Output(EVENTS, mark_behind(record))


def mark_behind(end: MapPoints) -> Event:
    """Return the mark behind the last event of a task that ends with this record."""
    return Event(
        task_id=end.task_id,
        environment_id=end.environment_id,
        event_id=END_OF_EVENTS,
        type=END_OF_EVENTS,
        global_frame_index=end.global_frame_index,
        event_time_us=end.event_time_us,
        identity_revision=end.identity_revision,
    )
