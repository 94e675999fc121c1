"""Things that are not at rest: followed from picture to picture until they come to rest or are lost."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from spoton_mapper.objects.boxes import BBox, distance, middle_box, side
from spoton_mapper.objects.parameters import ObjectParameters
from spoton_mapper.objects.resting import is_at
from spoton_mapper.objects.values import MICROS, Person, Sighting, between, seconds


@dataclass(frozen=True, slots=True)
class Touchdown:
    """A thing that has come to rest.

    Attributes:
        place: where it rests.
        first: the first sighting of it there.
        last: the last one.
        person: who touched it when it came to rest, if anybody was seen to.
        classes: how often it was taken for what.
        presence: share of the pictures in which the detector found it.
        arrived: it was seen to come.

    """

    place: BBox
    first: Sighting
    last: Sighting
    person: Person | None
    classes: Counter[str]
    presence: float
    arrived: bool


@dataclass(slots=True)
class MovingThing:
    """What was seen of a thing that moves; state pickles.

    Attributes:
        born: the first sighting.
        history: those of the last seconds.
        explains: it is known from where it was taken.

    """

    born: Sighting
    history: deque[Sighting] = field(default_factory=deque)
    explains: bool = False

    @property
    def last(self) -> Sighting:
        """The last sighting."""
        return self.history[-1]

    def see(self, sighting: Sighting, parameters: ObjectParameters) -> None:
        """Take the next sighting."""
        self.history.append(sighting)
        while seconds(self.history[0], sighting) > parameters.look_back_s:
            self.history.popleft()

    def come_to_rest(self, pictures_per_s: float, share: float, parameters: ObjectParameters) -> Touchdown | None:
        """Return where the thing rests; None while it moves, or may.

        Args:
            pictures_per_s: of the camera, now.
            share: of the usual time at rest that is enough: less than 1 where nothing will follow.
            parameters: what counts as at rest.

        """
        still_s = share * self._needed_s(parameters)
        if seconds(self.history[0], self.last) < still_s:
            return None
        window = [sighting for sighting in self.history if seconds(sighting, self.last) <= still_s]
        if len(window) < parameters.seen_share * still_s * pictures_per_s:
            return None
        if sum(sighting.confidence for sighting in window) < parameters.least_confidence * len(window):
            return None
        place = middle_box([sighting.bbox_xyxy for sighting in window])
        still = sum(_is_still(place, sighting.bbox_xyxy, parameters) for sighting in window)
        if still < 0.9 * len(window):
            return None
        return self._touchdown(place, len(window) / max(still_s * pictures_per_s, 1), parameters)

    def _needed_s(self, parameters: ObjectParameters) -> float:
        """Return how long it must be still, which depends on whether somebody holds it."""
        window = [s for s in self.history if seconds(s, self.last) <= parameters.still_s]
        held = sum(s.person is not None for s in window)
        return parameters.held_still_s if held > len(window) / 2 else parameters.still_s

    def _touchdown(self, place: BBox, presence: float, parameters: ObjectParameters) -> Touchdown:
        resting = list(takewhile(lambda s: _stands_on(place, s.bbox_xyxy, parameters), reversed(self.history)))
        first = resting[-1] if resting else self.last
        if len(self.history) > max(len(resting), 1):
            before = self.history[-max(len(resting), 1) - 1]
            first = first if seconds(before, first) > parameters.unseen_s else between(before, first)
        near_us = parameters.doer_s * MICROS
        at_moment = [s for s in self.history if s.person and abs(s.time_us - first.time_us) <= near_us]
        doer = min(at_moment, key=lambda s: abs(s.time_us - first.time_us), default=None)
        classes = Counter(sighting.class_name for sighting in self.history)
        far = parameters.moving_distance * side(place)
        arrived = any(
            distance(place, s.bbox_xyxy) >= far and not is_at(place, s.bbox_xyxy, parameters) for s in self.history
        )
        return Touchdown(place, first, self.last, doer.person if doer else None, classes, min(presence, 1.0), arrived)


def _stands_on(place: BBox, box: BBox, parameters: ObjectParameters) -> bool:
    """Tell whether a thing is in its place already, with its foot down; hands may still hide a part of it."""
    margin = parameters.foot_shift * (place[3] - place[1]) + parameters.still_px
    return is_at(place, box, parameters) and abs(box[3] - place[3]) <= margin


def _is_still(place: BBox, box: BBox, parameters: ObjectParameters) -> bool:
    size = side(place)
    if distance(place, box) > parameters.still_shift * size + parameters.still_px:
        return False
    return abs(side(box) - size) <= parameters.still_size * size + parameters.still_px


def follow(
    moving: list[MovingThing], found: Sequence[Sighting], time_us: int, parameters: ObjectParameters
) -> list[MovingThing]:
    """Give each sighting to the nearest thing in reach, or to a new one; forget things that are lost."""
    pairs = sorted(
        (distance(thing.last.bbox_xyxy, sighting.bbox_xyxy), first, second)
        for first, thing in enumerate(moving)
        for second, sighting in enumerate(found)
        if _may_be(thing.last, sighting, parameters)
    )
    given, taken = set[int](), set[int]()
    for _, first, second in pairs:
        if first not in given and second not in taken:
            given.add(first)
            taken.add(second)
            moving[first].see(found[second], parameters)
    fresh = [MovingThing(s, deque([s])) for index, s in enumerate(found) if index not in taken]
    return [m for m in moving if time_us - m.last.time_us <= parameters.lost_s * MICROS] + fresh


def _may_be(last: Sighting, sighting: Sighting, parameters: ObjectParameters) -> bool:
    if is_at(last.bbox_xyxy, sighting.bbox_xyxy, parameters):
        return True
    if last.class_name != sighting.class_name:
        return False
    size = side(last.bbox_xyxy)
    if not 0.4 * size <= side(sighting.bbox_xyxy) <= 2.5 * size:
        return False
    reach = size * (0.25 + parameters.speed_per_s * min(seconds(last, sighting), parameters.reach_s))
    return distance(last.bbox_xyxy, sighting.bbox_xyxy) <= reach
