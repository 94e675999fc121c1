"""Objects that are picked up and put back: a task's map points in, events out."""

import uuid

from spoton_schemas.habits import Habits
from spoton_schemas.records import Event, EventPerson, MapPoints, Point, TaskStart

from spoton_mapper.objects.camera import CameraObjects
from spoton_mapper.objects.parameters import ObjectParameters
from spoton_mapper.objects.values import Happening, Person

_NAMES = uuid.UUID("6f1c8a52-3c0e-4a86-9d7e-0d0b1f6a5e21")  # any constant one


class ObjectEvents:
    """Watches one task's boxes that are not people, camera by camera.

    Deterministic, without a clock; its state pickles. The tracker's ids of things are passed on and not relied on.
    Two cameras that see the same deed tell of it twice.
    """

    def __init__(self, start: TaskStart, parameters: ObjectParameters | None = None) -> None:
        self._pictures_per_s = start.scene.processing_fps
        self._parameters = parameters or ObjectParameters()
        self._cameras: dict[str, CameraObjects] = {}

    def feed(self, record: MapPoints) -> list[Event]:
        """Take the next FRAME and return what has come to light with it; events may lie some seconds back."""
        events = list[Event]()
        for picture in record.cameras:
            if picture.camera_id not in self._cameras:
                self._cameras[picture.camera_id] = CameraObjects(self._pictures_per_s, self._parameters)
            happenings = self._cameras[picture.camera_id].feed(
                record.global_frame_index, record.identity_revision, picture
            )
            events += [_event(record, picture.camera_id, happening) for happening in happenings]
        return events

    def finish(self, record: MapPoints) -> list[Event]:
        """Take the END_OF_TASK and return what can be said without what would have followed."""
        return [
            _event(record, camera_id, happening)
            for camera_id, camera in sorted(self._cameras.items())
            for happening in camera.finish()
        ]

    def habits(self) -> Habits | None:
        """Return nothing: where things lie teaches nothing so far."""
        return None


def _event(record: MapPoints, camera_id: str, happening: Happening) -> Event:
    seen, person = happening.seen, happening.person
    name = f"{record.task_id}/{camera_id}/{happening.deed}/{happening.thing}/{seen.tick}"
    place = person.position_m if person and person.position_m else seen.position_m
    return Event(
        task_id=record.task_id,
        environment_id=record.environment_id,
        event_id=str(uuid.uuid5(_NAMES, name)),
        type=happening.deed.value,
        global_frame_index=seen.tick,
        event_time_us=seen.time_us,
        camera_id=camera_id,
        track_id=seen.track_id,
        global_id=person.global_id if person else None,
        identity_revision=person.seen.revision if person else 0,
        others=_others(camera_id, person),
        class_name=happening.class_name,
        position=Point(*place) if place else None,
        confidence=round(min(happening.certainty, 1.0), 3),
        details=_details(happening),
    )


def _others(camera_id: str, person: Person | None) -> tuple[EventPerson, ...]:
    """Name who did it by their tracklet, so that identity revisions find them; the event's own one is the thing's."""
    if person is None:
        return ()
    return (
        EventPerson(
            global_id=person.global_id,
            camera_id=camera_id,
            track_id=person.track_id,
            seen_frame_index=person.seen.tick,
        ),
    )


def _details(happening: Happening) -> dict[str, str]:
    seen, person = happening.seen, happening.person
    details = {
        "object": str(happening.thing),
        "bbox": ",".join(f"{edge:.0f}" for edge in seen.bbox_xyxy),
        "detection_confidence": f"{seen.confidence:.2f}",
        "by": "person" if person else "unseen",
    }
    if person:
        details["person_track_id"] = str(person.track_id)
        details["person_bbox"] = ",".join(f"{edge:.0f}" for edge in person.bbox_xyxy)
    if seen.position_m or (person and person.position_m):
        details["position_of"] = "person" if person and person.position_m else "object"
    return details
