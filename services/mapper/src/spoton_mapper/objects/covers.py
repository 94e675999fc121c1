"""Who covers a place, and whether they stand behind what is there or in front of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from spoton_schemas.records import MappedTrack

from spoton_mapper.objects.boxes import BBox, iou, share_within
from spoton_mapper.objects.parameters import ObjectParameters

_SAME_IOU = 0.6  # of boxes of one person who hardly moves; ids of tracks change too often
_MOST = 4  # people who are remembered


@dataclass(slots=True)
class _Cover:
    bbox_xyxy: BBox
    seen_s: float


@dataclass(slots=True)
class Covers:
    """For how long a thing was seen although somebody's box covers it; state pickles."""

    _known: list[_Cover] = field(default_factory=list)

    def see(self, place: BBox, people: Sequence[MappedTrack], step_s: float, parameters: ObjectParameters) -> None:
        """Take a picture in which the thing is seen: who covers it stands behind it."""
        for person in _over(place, people, parameters):
            cover = self._find(person.bbox_xyxy)
            if cover is None:
                self._known = sorted(self._known, key=lambda c: -c.seen_s)[: _MOST - 1]
                self._known.append(_Cover(person.bbox_xyxy, step_s))
            else:
                cover.bbox_xyxy, cover.seen_s = person.bbox_xyxy, cover.seen_s + step_s

    def hide(self, place: BBox, people: Sequence[MappedTrack], parameters: ObjectParameters) -> bool:
        """Tell whether somebody covers the place who is not known to stand behind it."""
        covers = (self._find(person.bbox_xyxy) for person in _over(place, people, parameters))
        return any(cover is None or cover.seen_s < parameters.behind_s for cover in covers)

    def _find(self, box: BBox) -> _Cover | None:
        best = max(self._known, key=lambda cover: iou(cover.bbox_xyxy, box), default=None)
        return best if best is not None and iou(best.bbox_xyxy, box) >= _SAME_IOU else None


def _over(place: BBox, people: Sequence[MappedTrack], parameters: ObjectParameters) -> list[MappedTrack]:
    return [person for person in people if share_within(place, person.bbox_xyxy) >= parameters.covered_share]
