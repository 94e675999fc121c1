"""Standing, walking, running."""

from collections import deque
from dataclasses import dataclass, field
from math import hypot

from spoton_schemas.records import Event

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.telling import Teller, ended
from spoton_mapper.behaviour.values import Moment, Sighting, rename, seconds_between

_WINDOW_S = 1.0  # a step and a half: swaying of the body over the feet evens out


@dataclass(slots=True)
class _Motion:
    path: deque[Sighting] = field(default_factory=deque)
    action: str | None = None
    event: Event | None = None
    began: Sighting | None = None
    next_action: str | None = None
    next_began: Sighting | None = None


class Actions:
    """``standing``, ``walking``, ``running``: what somebody does, from its beginning to its end.

    The speed at a moment is that between half a second before and half a second after it.
    """

    def __init__(self, teller: Teller, parameters: BehaviourParameters) -> None:
        self._teller, self._parameters = teller, parameters
        self._motions: dict[int, _Motion] = {}

    def feed(self, moment: Moment) -> list[Event]:
        """Take the next tick."""
        rename(self._motions, moment)
        events: list[Event] = []
        for last in moment.gone:
            motion = self._motions.pop(last.global_id, None)
            events += [] if motion is None else _end(motion, last)
        for person in moment.people.values():
            events += self._move(self._motions.setdefault(person.global_id, _Motion()), person)
        return events

    def finish(self, _moment: Moment) -> list[Event]:
        """End what people do."""
        return [event for motion in self._motions.values() for event in _end(motion, motion.path[-1])]

    def _move(self, motion: _Motion, person: Sighting) -> list[Event]:
        path = motion.path
        path.append(person)
        while len(path) > 2 and seconds_between(path[1], person) >= _WINDOW_S:
            path.popleft()
        window_s = seconds_between(path[0], person)
        if window_s < _WINDOW_S:
            return []
        speed_m_s = hypot(person.x_m - path[0].x_m, person.y_m - path[0].y_m) / window_s
        middle = path[len(path) // 2]
        action = self._classify(speed_m_s, motion.action)
        if action == motion.action:
            motion.next_action = None
            return []
        if action != motion.next_action:
            motion.next_action, motion.next_began = action, middle
        assert motion.next_began is not None
        if seconds_between(motion.next_began, middle) < self._parameters.action_s:
            return []
        return self._change(motion, action, motion.next_began)

    def _change(self, motion: _Motion, action: str, began: Sighting) -> list[Event]:
        events = _end(motion, began)
        motion.event = self._teller.tell(action, began)
        motion.action, motion.began, motion.next_action = action, began, None
        return [*events, motion.event]

    def _classify(self, speed_m_s: float, now: str | None) -> str:
        limits = self._parameters
        if speed_m_s < (limits.walking_m_s if now == "standing" else limits.standing_m_s):
            return "standing"
        return "running" if speed_m_s > (limits.slowing_m_s if now == "running" else limits.running_m_s) else "walking"


def _end(motion: _Motion, last: Sighting) -> list[Event]:
    if motion.event is None or motion.began is None:
        return []
    return [ended(motion.event, motion.began, last)]
