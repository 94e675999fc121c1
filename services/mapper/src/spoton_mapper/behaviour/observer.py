"""From map points to moments: who is seen, who goes on under another identity, who is gone."""

from collections import defaultdict
from dataclasses import dataclass, field

from spoton_schemas.records import MappedTrack, MapPoints

from spoton_mapper.behaviour.values import MICROSECONDS_PER_S, Moment, Sighting

PERSON = "person"

_Track = tuple[str, int]


@dataclass(slots=True)
class Observer:
    """Remembers the last sighting of everybody who was seen within ``lost_s``.

    Positions that are only foretold count as not seen: events rest on evidence.
    """

    lost_s: float
    _last: dict[int, Sighting] = field(default_factory=dict)

    def feed(self, record: MapPoints) -> Moment:
        """Take a FRAME."""
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
        renamed = self._renamed(people, owners)
        for old, _ in renamed:
            del self._last[old]
        self._last |= people
        gone = tuple(s for s in self._last.values() if record.event_time_us - s.time_us >= self._lost_us)
        for sighting in gone:
            del self._last[sighting.global_id]
        return Moment(record.global_frame_index, record.event_time_us, people, renamed, gone)

    @property
    def _lost_us(self) -> int:
        return round(self.lost_s * MICROSECONDS_PER_S)

    def _renamed(self, people: dict[int, Sighting], owners: dict[_Track, int]) -> tuple[tuple[int, int], ...]:
        """Find identities that are no longer seen while their tracklet belongs to somebody new."""
        taken: dict[int, int] = {}
        for old, sighting in sorted(self._last.items()):
            new = owners.get((sighting.camera_id, sighting.track_id), old)
            if old not in people and new in people and new not in self._last:
                taken.setdefault(new, old)
        return tuple((old, new) for new, old in taken.items())


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
