"""One camera's picture, parted into things and who touches them."""

from collections.abc import Sequence

from spoton_schemas.records import CameraMapPoints, MappedTrack

from spoton_mapper.objects.boxes import BBox, area, grown, iou, share_within, shared_area
from spoton_mapper.objects.parameters import ObjectParameters
from spoton_mapper.objects.values import Person, Sighting

PERSON = "person"


def people_of(camera: CameraMapPoints) -> list[MappedTrack]:
    """List a picture's people."""
    return [track for track in camera.tracks if track.class_name == PERSON]


def things_of(
    tick: int, camera: CameraMapPoints, people: Sequence[MappedTrack], parameters: ObjectParameters
) -> list[Sighting]:
    """List a picture's things, surest first; furniture is none."""
    largest = parameters.largest_share * camera.image_width * camera.image_height or float("inf")
    tracks = [t for t in camera.tracks if t.class_name != PERSON and 0 < area(t.bbox_xyxy) <= largest]
    return [
        Sighting(
            tick,
            camera.event_time_us,
            track.bbox_xyxy,
            track.class_name,
            track.track_id,
            track.confidence,
            _position(track),
            toucher_of(track.bbox_xyxy, people, parameters),
        )
        for track in sorted(tracks, key=lambda t: (-t.confidence, t.track_id))
    ]


def without_doubles(found: Sequence[Sighting], known: Sequence[Sighting], share: float) -> list[Sighting]:
    """Leave out what is another box of something known, or of something surer."""
    single = list(known)
    for thing in found:
        if not any(_is_double(thing, other, share) for other in single):
            single.append(thing)
    return single[len(known) :]


def toucher_of(box: BBox, people: Sequence[MappedTrack], parameters: ObjectParameters) -> Person | None:
    """Return who touches a box: who covers most of it; of several alike the one with the smallest box, a hand."""
    near = grown(box, parameters.touch_margin)
    touching = [person for person in people if shared_area(near, person.bbox_xyxy) > 0]
    if not touching:
        return None
    best = max(touching, key=lambda p: (round(share_within(near, p.bbox_xyxy), 1), -area(p.bbox_xyxy), -p.track_id))
    covers = share_within(box, best.bbox_xyxy)
    return Person(best.track_id, best.global_id, best.bbox_xyxy, covers, _position(best))


def _is_double(thing: Sighting, other: Sighting, share: float) -> bool:
    """Tell whether two boxes show one thing: one lies in the other, or they are alike, whatever their class."""
    first, second = thing.bbox_xyxy, other.bbox_xyxy
    if thing.class_name != other.class_name:
        return iou(first, second) >= share
    return max(share_within(first, second), share_within(second, first)) >= share


def _position(track: MappedTrack) -> tuple[float, float] | None:
    if track.map_x_m is None or track.map_y_m is None:
        return None
    return track.map_x_m, track.map_y_m
