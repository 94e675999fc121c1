"""The stages behind detection, in one process: tracks, identities, places on the floor.

These are the services' state machines and their records, so what comes out is what the line exports, bit for bit.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge

from spoton_mapper.mapper import MapperParameters
from spoton_mapper.stage import MapperMachine
from spoton_reid.association import AssociationParameters
from spoton_reid.embedding import Embedder
from spoton_reid.stages.associate import AssociateMachine
from spoton_reid.stages.track import TrackMachine, TrackTools
from spoton_reid.tracking import Tracker, create_tracker
from spoton_schemas.records import Detections, GlobalIds, IdentityRevision, Kind, MapPoints, Scene, Tracks
from spoton_schemas.topics import GLOBAL_IDS, IDENTITY_REVISIONS, MAP_POINTS, TRACKS

TrackerMaker = Callable[[str, float], Tracker]
"""Makes the tracker of a camera, by its id and the processing rate."""


@dataclass(frozen=True, slots=True)
class LineOptions:
    """What can be chosen behind detection; the defaults are the services'."""

    tracker: str = "tracklet"
    use_appearance: bool = False
    parameters: AssociationParameters = field(default_factory=AssociationParameters)

    def make_tracker(self, _camera_id: str, fps: float) -> Tracker:
        """Return a new tracker of the chosen kind."""
        return create_tracker(self.tracker, fps=fps, use_appearance=self.use_appearance)


@dataclass(slots=True)
class LineOutput:
    """What the line publishes, each with the tick whose arrival brought it out.

    Attributes:
        map_points: FRAME records in their order.
        revisions: identity revisions in their order.

    """

    scene: Scene
    map_points: list[tuple[int, MapPoints]] = field(default_factory=list)
    revisions: list[tuple[int, IdentityRevision]] = field(default_factory=list)
    ticks: int = 0


def track(
    detections: Iterable[Detections], embedder: Embedder, make_tracker: TrackerMaker, camera_id: str
) -> Iterator[Tracks]:
    """Track one camera's stream."""
    machine = TrackMachine(TrackTools(embedder, lambda fps: make_tracker(camera_id, fps)))
    for record in detections:
        for output in machine.feed(record):
            yield output.record


def associate(
    tracks: Mapping[str, Iterable[Tracks]], parameters: AssociationParameters
) -> Iterator[tuple[int, GlobalIds | IdentityRevision]]:
    """Give identities; yields records with the tick of the input that brought them out."""
    machine = AssociateMachine(parameters)
    # Any order of arrival gives the same records; in the order of ticks little waits.
    for record in merge(*tracks.values(), key=TRACKS.position):
        for output in machine.feed(record):
            if output.topic in (GLOBAL_IDS, IDENTITY_REVISIONS):
                yield record.global_frame_index, output.record


def locate(scene: Scene, identities: Iterable[tuple[int, GlobalIds | IdentityRevision]]) -> LineOutput:
    """Put people on the floor and collect what is published."""
    machine = MapperMachine(MapperParameters())
    result = LineOutput(scene)
    for tick, record in identities:
        if isinstance(record, IdentityRevision):
            result.revisions.append((tick, record))
            continue
        if record.kind is Kind.END_OF_TASK:
            result.ticks = record.global_frame_index
        for output in machine.feed(record):
            if output.topic is MAP_POINTS and output.record.kind is Kind.FRAME:
                result.map_points.append((tick, output.record))
    return result
