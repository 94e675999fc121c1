"""Where a camera's things are: at rest, gone for a moment, or picked up."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

from spoton_mapper.objects.boxes import BBox, distance, side
from spoton_mapper.objects.moving import MovingThing, Touchdown
from spoton_mapper.objects.parameters import ObjectParameters
from spoton_mapper.objects.resting import RestingPlace, is_at
from spoton_mapper.objects.values import Deed, Happening, Sighting, seconds

_LEAST_PRESENCE = 0.5  # less: the detector never was sure that there is anything, so its absence is no news
_LEAST_CLASS_SHARE = 0.2  # of the sightings, for a thing to count as one of that class too


@dataclass(frozen=True, slots=True)
class _Away:
    """A thing that was picked up."""

    thing: int
    place: BBox
    classes: Counter[str]


@dataclass(frozen=True, slots=True)
class _Newcomer:
    """A thing that came to rest while another one, which it may be, was not in its place."""

    resting: RestingPlace
    touchdown: Touchdown


class Whereabouts:
    """Decides what was picked up and put back; state pickles."""

    def __init__(self, parameters: ObjectParameters) -> None:
        self._parameters = parameters
        self.places: list[RestingPlace] = []
        self._away: deque[_Away] = deque(maxlen=parameters.most_away)
        self._newcomers: list[_Newcomer] = []
        self._things = 0

    def watch(self, moving: Sequence[MovingThing]) -> list[Happening]:
        """Take what moves: a thing that was followed on its way from a place is what lay there."""
        happenings = list[Happening]()
        for thing in moving:
            left = [
                place for place in self.places if self._is_empty(place, thing.last) and self._came_from(thing, place)
            ]
            if left and not thing.explains:
                thing.explains = True
                nearest = min(left, key=lambda p: distance(p.place, thing.born.bbox_xyxy))
                happenings += self._pick_up(nearest, thing.born)
        return happenings

    def settle(self, touchdown: Touchdown) -> list[Happening]:
        """Take a thing that has come to rest."""
        missing = [p for p in self.places if p.missing and _alike(p.classes, touchdown.classes)]
        for place in missing:
            if self._is_back(place, touchdown):
                if not touchdown.arrived and place.is_exactly_at(touchdown.place, self._parameters):
                    place.see(touchdown.last, 0.0, self._parameters)  # it was hidden
                    return []
                return self._pick_up(place) + self._put_back(touchdown)
            if self._was_shaken(place, touchdown):
                place.place = touchdown.place
                place.see(touchdown.last, 0.0, self._parameters)
                return []
        if any(_alike(away.classes, touchdown.classes) for away in self._away):
            return self._put_back(touchdown)
        self._things += 1
        resting = self._rest(self._things, touchdown)
        if missing:
            self._newcomers.append(_Newcomer(resting, touchdown))
        return []

    def clear(self, share: float) -> list[Happening]:
        """Find things that were absent for too long; less than 1 of the usual time where nothing will follow."""
        gone = [p for p in self.places if p.missing and p.absent_s >= share * p.patience_s(self._parameters)]
        happenings = [happening for place in gone for happening in self._pick_up(place)]
        if self._newcomers and not any(place.missing for place in self.places):
            self._newcomers.clear()
        return happenings

    def _pick_up(self, place: RestingPlace, seen_away: Sighting | None = None) -> list[Happening]:
        """Take a thing off its place; what came to rest since then and is like it may be it, put back."""
        self.places.remove(place)
        if place.presence < _LEAST_PRESENCE:
            return []
        self._away.append(_Away(place.thing, place.place, place.classes))
        doer, left = place.doer(self._parameters), place.left(seen_away, self._parameters)
        happenings = [Happening(Deed.PICKED_UP, place.thing, place.class_name, left, doer, place.presence)]
        for newcomer in self._newcomers:
            after = seconds(left, newcomer.touchdown.first) > 0
            if after and _alike(place.classes, newcomer.touchdown.classes):
                self._newcomers.remove(newcomer)
                newcomer.resting.thing = place.thing
                self._away.pop()
                happenings.append(_put_back(place.thing, newcomer.touchdown))
                break
        return happenings

    def _put_back(self, touchdown: Touchdown) -> list[Happening]:
        """Put the thing like it that was away, and of several the one from the nearest place, to its new place."""
        alike = [away for away in self._away if _alike(away.classes, touchdown.classes)]
        if not alike:
            return []
        away = min(alike, key=lambda a: distance(a.place, touchdown.place))
        self._away.remove(away)
        self._rest(away.thing, touchdown)
        return [_put_back(away.thing, touchdown)]

    def _rest(self, thing: int, touchdown: Touchdown) -> RestingPlace:
        place = RestingPlace(
            thing, touchdown.place, touchdown.last, Counter(touchdown.classes), presence=touchdown.presence
        )
        self.places.append(place)
        return place

    def _is_empty(self, place: RestingPlace, now: Sighting) -> bool:
        return place.missing and not place.waits and seconds(place.last, now) >= self._parameters.back_s

    def _came_from(self, thing: MovingThing, place: RestingPlace) -> bool:
        parameters, size = self._parameters, side(place.place)
        if not _alike(place.classes, Counter([thing.last.class_name])):
            return False
        if seconds(place.last, thing.born) < -parameters.moving_s:
            return False
        if seconds(thing.born, thing.last) < parameters.moving_s:
            return False
        near = distance(place.place, thing.born.bbox_xyxy) <= parameters.shaken_distance * size
        return near and distance(place.place, thing.last.bbox_xyxy) >= parameters.moving_distance * size

    def _is_back(self, place: RestingPlace, touchdown: Touchdown) -> bool:
        return is_at(place.place, touchdown.place, self._parameters)

    def _was_shaken(self, place: RestingPlace, touchdown: Touchdown) -> bool:
        parameters = self._parameters
        if seconds(place.last, touchdown.first) > parameters.shaken_s:
            return False
        return distance(place.place, touchdown.place) <= parameters.shaken_distance * side(place.place)


def _put_back(thing: int, touchdown: Touchdown) -> Happening:
    name = touchdown.classes.most_common(1)[0][0]
    return Happening(Deed.PUT_BACK, thing, name, touchdown.first, touchdown.person, touchdown.presence)


def _alike(first: Counter[str], second: Counter[str]) -> bool:
    """Tell whether two things may be one: what one mostly is taken for, the other one often enough is, too."""
    return _is_often(first, second.most_common(1)[0][0]) or _is_often(second, first.most_common(1)[0][0])


def _is_often(classes: Counter[str], name: str) -> bool:
    return classes[name] >= _LEAST_CLASS_SHARE * classes.total()
