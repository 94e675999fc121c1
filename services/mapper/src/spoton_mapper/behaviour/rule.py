"""All questions about people's behaviour as one rule."""

from spoton_common.geometry import FloorArea, FloorLine
from spoton_schemas.habits import Habits
from spoton_schemas.records import Event, MapPoints, TaskStart

from spoton_mapper.behaviour.actions import Actions
from spoton_mapper.behaviour.crowding import Crowding
from spoton_mapper.behaviour.loitering import Loitering
from spoton_mapper.behaviour.meetings import Meetings
from spoton_mapper.behaviour.membership import Membership
from spoton_mapper.behaviour.observer import Observer
from spoton_mapper.behaviour.occupancy import Occupancy
from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.telling import Teller
from spoton_mapper.behaviour.tripwires import Tripwires
from spoton_mapper.behaviour.unusual import Unusual
from spoton_mapper.behaviour.values import Moment, Question
from spoton_mapper.behaviour.zones import Zones


class BehaviourEvents:
    """Watches the people of one task; ``habits`` are what earlier tasks taught.

    Raises:
        GeometryError: a zone or a tripwire of the scene cannot be used.

    """

    def __init__(
        self, task_id: str, start: TaskStart, parameters: BehaviourParameters, habits: Habits | None = None
    ) -> None:
        scene, teller = start.scene, Teller(task_id, start.scene.environment_id)
        areas = {zone.id: FloorArea([(p.x_m, p.y_m) for p in zone.polygon]) for zone in scene.zones}
        lines = {w.id: FloorLine((w.start.x_m, w.start.y_m), (w.end.x_m, w.end.y_m)) for w in scene.tripwires}
        self._observer = Observer(parameters.lost_s, scene.processing_fps)
        self._membership = Membership(areas, parameters)
        self._unusual = Unusual(teller, parameters, habits)
        self._questions: tuple[Question, ...] = (
            Zones(teller, parameters),
            Occupancy(teller),
            Crowding(teller, parameters, frozenset(areas or (None,))),
            Tripwires(teller, lines, parameters),
            Actions(teller, parameters),
            Loitering(teller, parameters),
            Meetings(teller, parameters),
            self._unusual,
        )

    def feed(self, record: MapPoints) -> list[Event]:
        """Take the next FRAME."""
        return [event for moment in self._observer.feed(record) for event in self._ask(moment)]

    def finish(self, record: MapPoints) -> list[Event]:
        """Take the END_OF_TASK."""
        events = [event for moment in self._observer.finish() for event in self._ask(moment)]
        end = Moment(record.global_frame_index, record.event_time_us)
        return events + [event for question in self._questions for event in question.finish(end)]

    def habits(self) -> Habits | None:
        """Return what the task's people taught, once it has ended; None: nothing."""
        return self._unusual.habits()

    def _ask(self, seen: Moment) -> list[Event]:
        moment = self._membership.feed(seen)
        return [event for question in self._questions for event in question.feed(moment)]
