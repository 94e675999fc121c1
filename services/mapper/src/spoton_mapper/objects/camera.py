"""The things that one camera sees: what is at rest is matched with its place, the rest is followed."""

from collections.abc import Sequence

from spoton_schemas.records import CameraMapPoints

from spoton_mapper.objects.boxes import iou
from spoton_mapper.objects.moving import MovingThing, follow
from spoton_mapper.objects.parameters import ObjectParameters
from spoton_mapper.objects.picture import people_of, things_of, without_doubles
from spoton_mapper.objects.resting import RestingPlace, is_at
from spoton_mapper.objects.values import MICROS, Happening, Moment, Sighting, seconds
from spoton_mapper.objects.whereabouts import Whereabouts

_RATE_WEIGHT = 0.05  # of one picture in the mean time between pictures


class CameraObjects:
    """Follows one camera's things. Deterministic; state pickles."""

    def __init__(self, pictures_per_s: float, parameters: ObjectParameters) -> None:
        self._parameters = parameters
        self._picture_s = 1 / pictures_per_s
        self._time_us: int | None = None
        self._moving: list[MovingThing] = []
        self._whereabouts = Whereabouts(parameters)

    def feed(self, tick: int, camera: CameraMapPoints) -> list[Happening]:
        """Take the camera's next picture and return what has come to light with it, which may lie seconds back."""
        step_s = self._advance(camera.event_time_us)
        people = people_of(camera)
        things = things_of(tick, camera, people, self._parameters)
        at_rest = self._match(things)
        for index, place in enumerate(self._whereabouts.places):
            if index in at_rest:
                place.see(at_rest[index], step_s, self._parameters)
            elif any(self._may_show(place, thing) for thing in things):
                place.wait()
            else:
                place.miss(Moment(tick, camera.event_time_us), step_s, people, self._parameters)
        known = list(at_rest.values())
        others = without_doubles([t for t in things if t not in known], known, self._parameters.double_share)
        self._moving = follow(self._moving, others, camera.event_time_us, self._parameters)
        return self._decide(1.0)

    def finish(self) -> list[Happening]:
        """Return what can be said when no picture will follow: half of the evidence is enough then."""
        return self._decide(0.5)

    def _decide(self, share: float) -> list[Happening]:
        happenings = self._whereabouts.watch(self._moving)
        for thing in list(self._moving):
            touchdown = thing.come_to_rest(1 / self._picture_s, share, self._parameters)
            if touchdown is not None:
                self._moving.remove(thing)
                happenings += self._whereabouts.settle(touchdown)
        return happenings + self._whereabouts.clear(share)

    def _advance(self, time_us: int) -> float:
        """Return the time since the last picture that counts."""
        if self._time_us is None:
            self._time_us = time_us
            return self._picture_s
        step_s = min(max((time_us - self._time_us) / MICROS, 0.0), self._parameters.longest_step_s)
        self._picture_s += _RATE_WEIGHT * (step_s - self._picture_s)
        self._time_us = time_us
        return step_s

    def _match(self, things: Sequence[Sighting]) -> dict[int, Sighting]:
        """Say which box shows the thing of which place, by the place's index."""
        pairs = sorted(
            (place.class_name != thing.class_name, -iou(place.place, thing.bbox_xyxy), first, second)
            for first, place in enumerate(self._whereabouts.places)
            for second, thing in enumerate(things)
            if self._shows(place, thing)
        )
        found = dict[int, Sighting]()
        taken = set[int]()
        for _, _, first, second in pairs:
            if first not in found and second not in taken:
                found[first] = things[second]
                taken.add(second)
        return found

    def _shows(self, place: RestingPlace, thing: Sighting) -> bool:
        """Tell whether a box shows a thing in its place; after an absence it must come to rest there first."""
        if place.missing and seconds(place.last, thing) >= self._parameters.back_s:
            if place.is_attended(self._parameters):
                return place.is_exactly_at(thing.bbox_xyxy, self._parameters)
            return iou(place.place, thing.bbox_xyxy) >= self._parameters.exact_iou
        return self._may_show(place, thing)

    def _may_show(self, place: RestingPlace, thing: Sighting) -> bool:
        if place.class_name != thing.class_name:
            return iou(place.place, thing.bbox_xyxy) >= self._parameters.same_place_iou
        return is_at(place.place, thing.bbox_xyxy, self._parameters)
