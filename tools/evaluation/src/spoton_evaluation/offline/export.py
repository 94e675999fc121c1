"""Write identities, as published live and after all revisions, as the line exports them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from spoton_gateway.exports.formats import mot_lines
from spoton_schemas.records import IdentityChange, MappedTrack

from spoton_evaluation.offline.line import LineOutput

KINDS = ("live", "revised")

Point = tuple[float, float]
_Fused = dict[tuple[int, int], Point]  # by tick and identity


@dataclass(slots=True)
class PublishedBox:
    """A box of a camera at a tick, with its identities."""

    tick: int
    frame: int
    published_at: int
    track: MappedTrack
    revised: int | None

    @property
    def live(self) -> int | None:
        """The identity as first published."""
        return self.track.global_id

    def identity(self, kind: str) -> int | None:
        """The identity, live or revised."""
        return self.live if kind == "live" else self.revised


@dataclass(frozen=True, slots=True)
class PublishedPlace:
    """A person's place on the map at a tick, with its identities."""

    tick: int
    live: int
    revised: int | None
    x_m: float
    y_m: float
    std_m: float

    def identity(self, kind: str) -> int | None:
        """The identity, live or revised."""
        return self.live if kind == "live" else self.revised


@dataclass(frozen=True, slots=True)
class Published:
    """All that a task published.

    Attributes:
        boxes: by camera, in the order of ticks.
        places: in the order of ticks.
        changes: revisions with the tick at which they came.
        fps: ticks a second of video.
        ticks: length.

    """

    boxes: dict[str, list[PublishedBox]]
    places: list[PublishedPlace]
    changes: list[tuple[int, IdentityChange]]
    fps: float
    ticks: int


def collect(output: LineOutput) -> Published:
    """Apply all revisions to what was published.

    A box published with revision r is changed by later ones only, in their order, as the database does it.
    """
    boxes: dict[str, list[PublishedBox]] = {camera.camera_id: [] for camera in output.scene.cameras}
    index: dict[tuple[str, int], list[tuple[int, PublishedBox]]] = defaultdict(list)
    for published_at, record in output.map_points:
        for camera in record.cameras:
            for track in camera.tracks:
                box = PublishedBox(
                    record.global_frame_index, camera.camera_frame_index, published_at, track, track.global_id
                )
                boxes[camera.camera_id].append(box)
                index[camera.camera_id, track.track_id].append((record.identity_revision, box))
    for _, revision in output.revisions:
        for change in revision.changes:
            for known, box in index[change.camera_id, change.track_id]:
                if change.first_frame_index <= box.tick <= change.last_frame_index and revision.revision > known:
                    box.revised = change.new_global_id
    changes = [(tick, change) for tick, revision in output.revisions for change in revision.changes]
    return Published(boxes, _places(output, boxes), changes, output.scene.processing_fps, output.ticks)


def _places(output: LineOutput, boxes: dict[str, list[PublishedBox]]) -> list[PublishedPlace]:
    """Give fused positions the identity that the boxes have which they were made of, as the database does.

    Where those no longer agree there is none; a position that was foretold follows the last one that was seen.
    """
    seen: dict[tuple[int, int, str], set[int | None]] = defaultdict(set)
    for camera_id, shown in boxes.items():
        for box in shown:
            if box.live is not None:
                seen[box.tick, box.live, camera_id].add(box.revised)
    places, last = [], dict[int, int | None]()
    for _, record in output.map_points:
        for person in record.people:
            if person.camera_ids:
                tick, live = record.global_frame_index, person.global_id
                identities = set().union(*(seen[tick, live, camera_id] for camera_id in person.camera_ids))
                last[person.global_id] = next(iter(identities)) if len(identities) == 1 else None
            revised = last.get(person.global_id)
            places.append(
                PublishedPlace(
                    record.global_frame_index, person.global_id, revised, person.x_m, person.y_m, person.std_m
                )
            )
    return places


def write_exports(published: Published, out: Path) -> None:
    """Write `<camera>.txt` and `positions.csv` into `live/` and `revised/`."""
    for kind in KINDS:
        (out / kind).mkdir(parents=True, exist_ok=True)
        fused = _fused_places(published.places, kind)
        for camera_id, boxes in published.boxes.items():
            (out / kind / f"{camera_id}.txt").write_text(_mot_text(boxes, fused, kind), encoding="utf-8")
        (out / kind / "positions.csv").write_text(_positions_text(published.places, kind), encoding="utf-8")


def _fused_places(places: Iterable[PublishedPlace], kind: str) -> _Fused:
    """Average the positions of one identity at one tick by their variances, as the export does."""
    found: dict[tuple[int, int], list[PublishedPlace]] = defaultdict(list)
    for place in places:
        identity = place.identity(kind)
        if identity is not None:
            found[place.tick, identity].append(place)
    return {key: _average(several) for key, several in found.items()}


def _average(places: Sequence[PublishedPlace]) -> Point:
    weights = [1 / max(place.std_m**2, 1e-6) for place in places]
    total = sum(weights)
    x_m = sum(place.x_m * weight for place, weight in zip(places, weights, strict=True)) / total
    y_m = sum(place.y_m * weight for place, weight in zip(places, weights, strict=True)) / total
    return x_m, y_m


def _mot_text(boxes: Iterable[PublishedBox], fused: _Fused, kind: str) -> str:
    """Write one camera's boxes with identity; of two boxes of one identity in a picture the surer one counts."""
    chosen: dict[tuple[int, int], PublishedBox] = {}
    for box in boxes:
        identity = box.identity(kind)
        if identity is None:
            continue
        known = chosen.get((box.frame, identity))
        if known is None or _rank(box) < _rank(known):
            chosen[box.frame, identity] = box
    return mot_lines(_row(box, identity, fused) for (_, identity), box in sorted(chosen.items(), key=_key))


def _positions_text(places: Iterable[PublishedPlace], kind: str) -> str:
    lines = ["global_frame_index,global_id,x_m,y_m\n"]
    for place in places:
        identity = place.identity(kind)
        if identity is not None:
            lines.append(f"{place.tick},{identity},{place.x_m:.4f},{place.y_m:.4f}\n")
    return "".join(lines)


def _rank(box: PublishedBox) -> tuple[float, int]:
    return -box.track.confidence, box.track.track_id


def _key(item: tuple[tuple[int, int], PublishedBox]) -> tuple[int, int]:
    return item[0]


def _row(box: PublishedBox, identity: int, fused: _Fused) -> dict[str, object]:
    x1, y1, x2, y2 = box.track.bbox_xyxy
    x_m, y_m = fused.get((box.tick, identity), (box.track.map_x_m, box.track.map_y_m))
    return {
        "camera_frame_index": box.frame,
        "id": identity,
        "x1_px": x1,
        "y1_px": y1,
        "x2_px": x2,
        "y2_px": y2,
        "confidence": box.track.confidence,
        "x_m": x_m,
        "y_m": y_m,
    }
