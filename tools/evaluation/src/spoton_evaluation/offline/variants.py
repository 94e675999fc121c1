"""Runs of one scene with a stage replaced by truth, a source of evidence taken away, or another tracker."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from spoton_reid.association import AssociationParameters
from spoton_reid.tracking import TRACKER_NAMES
from spoton_schemas.records import Scene, Tracks

from spoton_evaluation.offline.line import LineOptions

Stage = Literal["boxes", "tracks", "links"]
Evidence = Literal["appearance", "plane"]


@dataclass(frozen=True, slots=True)
class Variant:
    """A run of the line.

    Attributes:
        name: key in reports.
        title: what it is, for people.
        true: stages whose work is replaced by the truth.
        without: evidence that is taken away before association.
        silenced: weights of evidence that are set to zero.
        tracker: the tracker of a camera.

    """

    name: str
    title: str
    true: tuple[Stage, ...] = ()
    without: Evidence | None = None
    silenced: tuple[str, ...] = ()
    tracker: str = "tracklet"


OURS = Variant("ours", "SpotOn")
TRUE_BOXES = Variant("true_boxes", "true boxes", ("boxes",))
LADDER = (
    OURS,
    Variant("true_links", "true cross-camera links on our tracklets", ("links",)),
    Variant("true_tracks", "true tracks on our boxes, our links", ("tracks",)),
    Variant("true_tracks_links", "true tracks and links on our boxes", ("tracks", "links")),
    TRUE_BOXES,
    Variant("true_boxes_tracks", "true boxes and tracks, our links", ("boxes", "tracks")),
    Variant("true_boxes_tracks_links", "everything true", ("boxes", "tracks", "links")),
)
WITHOUT = (
    Variant("without_appearance", "without appearance", without="appearance"),
    Variant("without_plane", "without the floor plane", without="plane"),
    Variant("without_motion", "without motion", silenced=("motion_penalty_per_m", "motion_bonus")),
    Variant("without_transit", "without times of transit", silenced=("transit_limit",)),
)
TRACKERS = tuple(
    Variant(f"tracker_{name}", f"{name} (BoxMOT), our links", tracker=name)
    for name in TRACKER_NAMES
    if name != OURS.tracker
)


def options_of(variant: Variant) -> LineOptions:
    """Return how the line is run."""
    parameters = AssociationParameters()
    evidence = replace(parameters.evidence, **dict.fromkeys(variant.silenced, 0.0))
    return LineOptions(tracker=variant.tracker, parameters=replace(parameters, evidence=evidence))


def change_tracks(variant: Variant) -> Callable[[Iterable[Tracks]], list[Tracks]]:
    """Return what is done to tracks before association: evidence is taken away where it comes in.

    Without embeddings there is no appearance; without homographies there is no plane.
    """
    if variant.without == "appearance":
        return lambda records: [_without_embeddings(record) for record in records]
    if variant.without == "plane":
        return lambda records: [_without_plane(record) for record in records]
    return list


def with_scene(record: Tracks, scene: Scene) -> Tracks:
    """Put another scene into a START record."""
    return record if record.start is None else replace(record, start=replace(record.start, scene=scene))


def _without_embeddings(record: Tracks) -> Tracks:
    return replace(record, tracks=tuple(replace(track, embedding=None) for track in record.tracks))


def _without_plane(record: Tracks) -> Tracks:
    if record.start is None:
        return record
    scene = record.start.scene
    blind = tuple(replace(camera, homography=None) for camera in scene.cameras)
    return with_scene(record, replace(scene, cameras=blind))
