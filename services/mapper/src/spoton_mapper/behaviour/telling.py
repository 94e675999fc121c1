"""Events from sightings."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from spoton_schemas.records import Event, EventPerson, Point

from spoton_mapper.behaviour.values import Sighting, seconds_between

_NAMES = uuid.UUID("b1f0cf0e-6a9c-4f0e-8f0b-6a3f5a6d0c11")  # any constant one
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Teller:
    """Words events of one task. Names follow from what they are about, so a restart gives the same ones."""

    task_id: str
    environment_id: str

    def tell(
        self,
        kind: str,
        who: Sighting,
        *,
        place: str | None = None,
        others: Sequence[Sighting] = (),
        confidence: float = 1.0,
        details: Mapping[str, str] = _NOTHING,
    ) -> Event:
        """Tell of something that somebody did at the tick of a sighting."""
        people = "+".join(str(other.global_id) for other in (who, *others))
        return Event(
            task_id=self.task_id,
            environment_id=self.environment_id,
            event_id=self._name(kind, place, people, who.tick),
            type=kind,
            global_frame_index=who.tick,
            event_time_us=who.time_us,
            camera_id=who.camera_id,
            track_id=who.track_id,
            global_id=who.global_id,
            seen_frame_index=who.tick,
            identity_revision=who.revision,
            others=tuple(map(_other, others)),
            class_name="person",
            place=place,
            position=Point(who.x_m, who.y_m),
            confidence=confidence,
            details=dict(details),
        )

    def tell_of_place(
        self, kind: str, at: Sighting, place: str | None, confidence: float, details: Mapping[str, str]
    ) -> Event:
        """Tell of something that a place, and not a person, is about; the sighting says when and shows it."""
        return Event(
            task_id=self.task_id,
            environment_id=self.environment_id,
            event_id=self._name(kind, place, str(at.global_id), at.tick),
            type=kind,
            global_frame_index=at.tick,
            event_time_us=at.time_us,
            camera_id=at.camera_id,
            identity_revision=at.revision,
            place=place,
            confidence=confidence,
            details=dict(details),
        )

    def _name(self, kind: str, place: str | None, people: str, tick: int) -> str:
        return str(uuid.uuid5(_NAMES, f"{self.task_id}/{kind}/{place or ''}/{people}/{tick}"))


def ended(event: Event, first: Sighting, last: Sighting, **details: str) -> Event:
    """Return an event that has come to its end."""
    length = {"duration_s": f"{seconds_between(first, last):.1f}"}
    more = {**event.details, **length, **details}
    return replace(event, end_frame_index=last.tick, end_time_us=last.time_us, details=more)


def _other(sighting: Sighting) -> EventPerson:
    return EventPerson(
        global_id=sighting.global_id,
        camera_id=sighting.camera_id,
        track_id=sighting.track_id,
        seen_frame_index=sighting.tick,
    )
