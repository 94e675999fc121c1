"""What events are called, in words: the one place for strings of a language."""

from collections.abc import Mapping
from string import Formatter

from spoton_gateway.api.models import EventView

SENTENCES: Mapping[str, str] = {
    "zone_entered": "{who} entered {place}",
    "zone_left": "{who} left {place}",
    "zone_dwelled": "{who} stayed in {place}",
    "tripwire_crossed": "{who} crossed {place} {direction}",
    "occupancy_changed": "{people} {where}",
    "crowded": "Crowd {where}: {count} people",
    "standing": "{who} stands",
    "walking": "{who} walks",
    "running": "{who} runs",
    "loitering": "{who} loiters",
    "met": "{who} met {others}",
    "unusual_place": "{who} in an unusual place",
    "unusual_path": "{who} on an unusual path",
    "object_picked_up": "{what} picked up",
    "object_put_back": "{what} placed back",
    "camera_health": "Camera {camera} compared with the others",
    "camera_drift": "Camera {camera} no longer agrees with the others",
}
"""Type of event → sentence; other types are said by their name."""

_PERSON = "Person {global_id}"
_SOMEBODY = "Somebody"
_PEOPLE = {"1": "1 person"}
_MANY = "{count} people"
_AND = " and "
_IN_ZONE = "in {place}"
_ON_FLOOR = "in all"


def sentence(event: EventView) -> str:
    """Say in a few words what happened."""
    pattern = SENTENCES.get(event.type)
    if pattern is None:
        subject = "" if event.class_name is None else f": {event.class_name}"
        return f"{event.type.replace('_', ' ').capitalize()}{subject}"
    count = event.details.get("count", "")
    values = {
        **event.details,
        "who": _person(event.global_id),
        "others": _AND.join(_person(other.global_id) for other in event.others),
        "people": _PEOPLE.get(count, _MANY.format(count=count)),
        "camera": event.camera_id or "",
        "what": (event.class_name or "object").capitalize(),
        "place": event.place or "",
        "where": _ON_FLOOR if event.place is None else _IN_ZONE.format(place=event.place),
    }
    wanted = {name: values.get(name, "") for _, name, _, _ in Formatter().parse(pattern) if name}
    return pattern.format(**wanted).strip()


def _person(global_id: int | None) -> str:
    return _SOMEBODY if global_id is None else _PERSON.format(global_id=global_id)
