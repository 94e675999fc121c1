"""A place where a thing rests, and whether the thing is still there."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from spoton_schemas.records import MappedTrack

from spoton_mapper.objects.boxes import BBox, area, blend, distance, iou, share_within, side
from spoton_mapper.objects.parameters import ObjectParameters
from spoton_mapper.objects.picture import toucher_of
from spoton_mapper.objects.values import MICROS, Moment, Person, Sighting, between, seconds

_FOLLOW_S = 10.0  # the place follows its boxes this slowly: a hand that hides a part for a moment does not move it
_PRESENCE_S = 5.0  # how often the detector finds the thing is remembered for about this long


def is_at(place: BBox, box: BBox, parameters: ObjectParameters) -> bool:
    """Tell whether a box may show the thing that rests at a place, whole or in part."""
    if iou(place, box) >= parameters.same_place_iou:
        return True
    return share_within(box, place) >= parameters.part_share and area(box) >= parameters.part_area * area(place)


@dataclass(slots=True)
class RestingPlace:
    """A thing at rest, or just gone from its place. State pickles.

    Attributes:
        thing: its number.
        place: where it is when it is seen whole.
        last: the last sighting here.
        classes: how often it was taken for what.
        absent_s: for how long it was not seen though nothing covered it; 0 while it is seen.
        missing: not seen in the last picture.
        waits: not seen, but something at the place may be it.
        presence: share of the last seconds in which the detector found it, as of the last sighting.

    """

    thing: int
    place: BBox
    last: Sighting
    classes: Counter[str]
    absent_s: float = 0.0
    missing: bool = False
    waits: bool = False
    presence: float = 1.0
    _longest_gap_s: float = 0.0
    _coverer: int | None = None
    _seen_covered_s: float = 0.0
    _hidden_s: float = 0.0
    _hidden_us: int | None = None
    _touch: tuple[int, Person] | None = None  # time, microseconds
    _attended_us: int | None = None
    _first_touch: Moment | None = None  # since the last sighting

    @property
    def class_name(self) -> str:
        """What it was taken for most often."""
        return self.classes.most_common(1)[0][0]

    def see(self, sighting: Sighting, step_s: float, parameters: ObjectParameters) -> None:
        """Take a sighting of the thing at its place."""
        self._longest_gap_s = max(self._longest_gap_s, self.absent_s)
        kept, gained = math.exp(-self.absent_s / _PRESENCE_S), 1 - math.exp(-step_s / _PRESENCE_S)
        self.presence = gained + (1 - gained) * kept * self.presence
        self.missing, self.waits, self.absent_s = False, False, 0.0
        self.last, self._first_touch = sighting, None
        self.classes[sighting.class_name] += 1
        if iou(self.place, sighting.bbox_xyxy) >= parameters.same_place_iou:
            self.place = blend(self.place, sighting.bbox_xyxy, 1 - math.exp(-step_s / _FOLLOW_S))
        person = sighting.person
        if person is not None:
            self._touch, self._attended_us = (sighting.time_us, person), sighting.time_us
            if self._is_over(person, parameters):
                self._seen_covered_s += step_s

    def miss(self, moment: Moment, step_s: float, people: Sequence[MappedTrack], parameters: ObjectParameters) -> None:
        """Take a picture in which the thing is not seen at its place."""
        self.missing, self.waits = True, False
        time_us, person = moment.time_us, toucher_of(self.place, people, parameters)
        if person is not None:
            self._attended_us = time_us
            if self.last.person is None and self._first_touch is None:
                self._first_touch = moment
            late = time_us - self.last.time_us > parameters.doer_s * MICROS
            if not late and self.doer(parameters) is None:
                self._touch = time_us, person
        if person is not None and self._is_over(person, parameters) and not self._stands_in_front(parameters):
            self._hidden_us, self._hidden_s, self.absent_s = time_us, self._hidden_s + step_s, 0.0
        elif self._hidden_us is None or time_us - self._hidden_us > parameters.still_covered_s * MICROS:
            self.absent_s += step_s

    def is_exactly_at(self, box: BBox, parameters: ObjectParameters) -> bool:
        """Tell whether a box shows the thing as it lay, nearer than a hand would put it back."""
        size = side(self.place)
        margin = parameters.exact_shift * size + parameters.still_px
        return distance(self.place, box) <= margin and abs(side(box) - size) <= margin

    def wait(self) -> None:
        """Take a picture in which something is at the place that may be the thing, but has to come to rest first."""
        self.missing = self.waits = True

    def patience_s(self, parameters: ObjectParameters) -> float:
        """Return how long it may be absent and still be there."""
        base = parameters.absent_s if self.is_attended(parameters) else parameters.unattended_absent_s
        return min(max(base, parameters.gap_factor * self._longest_gap_s), parameters.longest_wait_s)

    def is_attended(self, parameters: ObjectParameters) -> bool:
        """Tell whether somebody was seen to touch it not long before it was last seen, or since."""
        near_us = self.last.time_us - parameters.near_s * MICROS
        return self._attended_us is not None and self._attended_us >= near_us

    def doer(self, parameters: ObjectParameters) -> Person | None:
        """Return who touched it when it left, if anybody was seen to."""
        if self._touch is None or self._touch[0] < self.last.time_us - parameters.doer_s * MICROS:
            return None
        return self._touch[1]

    def left(self, seen_away: Sighting | None, parameters: ObjectParameters) -> Sighting:
        """Return the last sighting in the place, dated to when the thing left, as near as that can be told.

        Where it was out of sight before anybody touched it, it left no sooner than that; where it was seen on its way
        later, it left between the two.
        """
        last, touched = self.last, self._first_touch
        if touched is not None and 0 < touched.time_us - last.time_us <= parameters.unseen_s * MICROS:
            last = replace(last, tick=touched.tick, time_us=touched.time_us)
        if seen_away is None or not 0 < seconds(last, seen_away) <= parameters.unseen_s:
            return last
        middle = between(last, seen_away)
        return replace(last, tick=middle.tick, time_us=middle.time_us)

    def _is_over(self, person: Person, parameters: ObjectParameters) -> bool:
        """Tell whether somebody covers the place; what is known of who stands in front holds for one person."""
        if person.covers < parameters.covered_share:
            return False
        name = -person.track_id - 1 if person.global_id is None else person.global_id
        if name != self._coverer:
            self._coverer, self._seen_covered_s, self._hidden_s = name, 0.0, 0.0
        return True

    def _stands_in_front(self, parameters: ObjectParameters) -> bool:
        """Tell whether the thing is nearer to the camera than who covers it: seen all the same, and for long enough."""
        return self._seen_covered_s >= parameters.behind_s and self._seen_covered_s > self._hidden_s
