"""From map points to moments: who is seen, who goes on under another identity, who is gone."""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from spoton_schemas.records import MappedTrack, MapPoints

from spoton_mapper.behaviour.smoothing import smooth
from spoton_mapper.behaviour.values import MICROSECONDS_PER_S, Moment, Sighting

PERSON = "person"

_BEHIND_S, _AHEAD_S = 0.5, 0.3
"""What a position is smoothed with. Ahead is delay: questions that must not wait look at what is ahead themselves."""

_Track = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Tick:
    """What a record says: who is seen, and whose each tracklet is."""

    tick: int
    time_us: int
    people: dict[int, Sighting]
    owners: dict[_Track, int]


class Observer:
    """Smooths paths, and remembers the last sighting of everybody who was seen within ``lost_s``.

    Positions that are only foretold count as not seen: events rest on evidence.
    """

    def __init__(self, lost_s: float, fps: float) -> None:
        self._lost_us = round(lost_s * MICROSECONDS_PER_S)
        self._behind, self._ahead = int(_BEHIND_S * fps + 1e-6), int(_AHEAD_S * fps + 1e-6)
        self._waiting: deque[_Tick] = deque()
        self._paths: dict[int, deque[Sighting]] = {}
        self._last: dict[int, Sighting] = {}

    def feed(self, record: MapPoints) -> Iterator[Moment]:
        """Take a FRAME; yield the moments that can be told now."""
        tick = _read(record)
        self._waiting.append(tick)
        for person in tick.people.values():
            self._paths.setdefault(person.global_id, deque()).append(person)
        while self._waiting and self._waiting[0].tick <= tick.tick - self._ahead:
            yield self._moment(self._waiting.popleft())

    def finish(self) -> Iterator[Moment]:
        """Yield the moments behind which nothing comes any more."""
        while self._waiting:
            yield self._moment(self._waiting.popleft())

    def _moment(self, seen: _Tick) -> Moment:
        ahead = {person: self._lie_ahead(person, seen.tick) for person in seen.people}
        people = {person: self._smoothed(sighting) for person, sighting in seen.people.items()}
        renamed = self._renamed(people, seen.owners)
        for old, _ in renamed:
            del self._last[old]
        self._last |= people
        gone = tuple(s for s in self._last.values() if seen.time_us - s.time_us >= self._lost_us)
        for sighting in gone:
            del self._last[sighting.global_id]
        self._forget(seen.tick)
        return Moment(seen.tick, seen.time_us, people, ahead, renamed, gone)

    def _smoothed(self, sighting: Sighting) -> Sighting:
        path = [s for s in self._paths[sighting.global_id] if abs(s.tick - sighting.tick) <= self._behind]
        x_m, y_m = smooth([s.tick for s in path], [(s.x_m, s.y_m) for s in path], sighting.tick)
        return replace(sighting, x_m=x_m, y_m=y_m)

    def _lie_ahead(self, person: int, tick: int) -> tuple[Sighting, ...]:
        return tuple(s for s in self._paths[person] if s.tick > tick)

    def _forget(self, tick: int) -> None:
        """Drop what no later moment is smoothed with."""
        for person, path in list(self._paths.items()):
            while path and path[0].tick <= tick - self._behind:
                path.popleft()
            if not path:
                del self._paths[person]

    def _renamed(self, people: dict[int, Sighting], owners: dict[_Track, int]) -> tuple[tuple[int, int], ...]:
        """Find identities that are no longer seen while their tracklet belongs to somebody new."""
        taken: dict[int, int] = {}
        for old, sighting in sorted(self._last.items()):
            new = owners.get((sighting.camera_id, sighting.track_id), old)
            if old not in people and new in people and new not in self._last:
                taken.setdefault(new, old)
        return tuple((old, new) for new, old in taken.items())


def _read(record: MapPoints) -> _Tick:
    owners, seen_as = _owners(record)
    people = {
        person.global_id: Sighting(
            person.global_id,
            person.x_m,
            person.y_m,
            person.std_m,
            record.global_frame_index,
            record.event_time_us,
            record.identity_revision,
            *seen_as[person.global_id],
        )
        for person in record.people
        if person.camera_ids and person.global_id in seen_as
    }
    return _Tick(record.global_frame_index, record.event_time_us, people, owners)


def _owners(record: MapPoints) -> tuple[dict[_Track, int], dict[int, _Track]]:
    """Return who each tracklet belongs to, and of everybody the tracklet that shows the person best."""
    owners: dict[_Track, int] = {}
    shown: defaultdict[int, list[tuple[bool, float, str, int]]] = defaultdict(list)
    for camera in record.cameras:
        for track in camera.tracks:
            if track.class_name == PERSON and track.global_id is not None:
                owners[camera.camera_id, track.track_id] = track.global_id
                shown[track.global_id].append((*_clarity(track), camera.camera_id, track.track_id))
    return owners, {global_id: min(views)[2:] for global_id, views in shown.items()}


def _clarity(track: MappedTrack) -> tuple[bool, float]:
    return track.interpolated, -track.confidence
