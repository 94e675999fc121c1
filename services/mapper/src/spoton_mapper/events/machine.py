"""The rules of one task between topics: `map-points` in, `events` and `habits` out."""

import pickle
from collections.abc import Callable, Sequence

from spoton_common.errors import RejectedRecord
from spoton_common.geometry import GeometryError
from spoton_common.runtime.stage import Output
from spoton_schemas.records import Event, Kind, MapPoints, Outcome, TaskHabits
from spoton_schemas.topics import EVENTS, HABITS

from spoton_mapper.behaviour import BehaviourEvents, BehaviourParameters
from spoton_mapper.objects import ObjectEvents
from spoton_mapper.rules import Rule

MakeRules = Callable[[MapPoints], list[Rule]]
"""Makes a task's rules from its START."""


def rules_of(parameters: BehaviourParameters) -> MakeRules:
    """Return what makes all rules; a rule is one line here."""

    def make(record: MapPoints) -> list[Rule]:
        if record.start is None:
            raise RejectedRecord("no_scene", "a START record without a scene")
        return [
            BehaviourEvents(record.task_id, record.start, parameters, record.habits),
            ObjectEvents(record.start),
        ]

    return make


class EventsMachine:
    """Watches one task."""

    def __init__(self, make_rules: MakeRules) -> None:
        self._make_rules = make_rules
        self._rules: list[Rule] | None = None

    def feed(self, record: MapPoints) -> Sequence[Output]:
        """Take the next tick or mark.

        ``RejectedRecord``: a frame before the task's START, or a START whose scene cannot be used.
        """
        events: list[Event] = []
        if record.kind is Kind.START:
            self._rules = self._start(record)
        elif record.kind is Kind.FRAME:
            events = [event for rule in self._started() for event in rule.feed(record)]
        elif record.kind is Kind.END_OF_TASK:
            return self._end(record)
        return [Output(EVENTS, event) for event in events]

    def snapshot(self) -> bytes:
        """Return the rules' state; empty before the start and after the end."""
        return b"" if self._rules is None else pickle.dumps(self._rules, protocol=5)

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot; they come only from our own state topic: pickle runs what it reads."""
        self._rules = pickle.loads(state)  # noqa: S301

    def _start(self, record: MapPoints) -> list[Rule]:
        try:
            return self._make_rules(record)
        except GeometryError as error:
            raise RejectedRecord("bad_scene", str(error)) from error

    def _end(self, record: MapPoints) -> Sequence[Output]:
        # Of a task whose state could not be read, the runner tells the end alone.
        is_lost = self._rules is None and record.outcome is Outcome.FAILED
        rules, self._rules = [] if is_lost else self._started(), None
        events = [Output(EVENTS, event) for rule in rules for event in rule.finish(record)]
        task, environment = record.task_id, record.environment_id
        return events + [
            Output(HABITS, TaskHabits(task_id=task, environment_id=environment, habits=habits))
            for rule in rules
            if (habits := rule.habits()) is not None
        ]

    def _started(self) -> list[Rule]:
        if self._rules is None:
            raise RejectedRecord("not_started", "a frame of a task without START record")
        return self._rules
