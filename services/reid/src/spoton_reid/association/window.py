"""The tracklets that may still change, and the evidence between them."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.calibration import Calibration
from spoton_reid.association.evidence import appearance_evidence, mean_appearances, motion_evidence
from spoton_reid.association.floor_table import FloorTable
from spoton_reid.association.gaps import Gap, find_gaps
from spoton_reid.association.lookalikes import likeness_of_strangers, simultaneous_pairs
from spoton_reid.association.parameters import EvidenceParameters
from spoton_reid.association.places import Place, Places
from spoton_reid.association.smoothing import FoundBoxes, collect_boxes
from spoton_reid.association.tracklets import Tracklet
from spoton_reid.association.values import Observation, Point

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
_TrackKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Weighed:
    """Evidence between N tracklets, and what it rests on; matrices are symmetric.

    Attributes:
        looks: (N, N) log-odds of appearance.
        geometry: (N, N) log-odds of floor and motion.
        cosines: (N, N) of mean appearances.
        crops: (N,) weights of the crops behind them.

    """

    looks: Matrix
    geometry: Matrix
    cosines: Matrix
    crops: Matrix


@dataclass(slots=True)
class Window:
    """Tracklets by track, with what is known between them. State pickles.

    Attributes:
        found: boxes of named tracklets around the ticks that are published next.

    """

    cameras: int
    _places: Places = field(init=False)
    _tracks: dict[_TrackKey, list[Tracklet]] = field(default_factory=dict)
    _floors: dict[Place, FloorTable] = field(default_factory=dict)
    _gaps: list[Gap] = field(default_factory=list)
    found: FoundBoxes = field(default_factory=lambda: collect_boxes([], 0, 0))

    def __post_init__(self) -> None:
        """Begin with nobody."""
        self._places = Places(self.cameras)

    def add(self, camera: int, frame: int, observation: Observation, foot_m: Point) -> None:
        """Take an observation with its foot (NaN where unknown or hidden); ticks only grow."""
        self._places.see(camera, foot_m)
        parts = self._tracks.setdefault((camera, observation.track_id), [])
        if not parts:
            parts.append(Tracklet(camera, observation.track_id, 0))
        parts[-1].add(frame, observation, foot_m)

    def part_overlaps(self, since: int, longest: int) -> None:
        """Cut off the tails with which tracklets run into the next one of their camera.

        A box that lingers where somebody else has just been found would forbid both tracklets one
        identity, over a few frames of which one is a mistake. The tail becomes a tracklet of its own.

        Args:
            since: only tracklets that were seen from this frame on.
            longest: longest tail in frames.

        """
        recent = [p[-1] for p in self._tracks.values() if p[-1].frames[-1] >= since]
        for old in sorted(recent, key=lambda tracklet: tracklet.key):
            starts = [
                young.frames[0] for young in recent if young.camera == old.camera and _runs_into(old, young, longest)
            ]
            if starts:
                self._tracks[old.camera, old.track_id].append(old.cut(min(starts)))

    def cut(self, crops: int, least_cosine: float, longest: int) -> None:
        """Cut tracklets whose appearance changes, and tails of at most so many frames that run into what follows."""
        for parts in list(self._tracks.values()):
            place = parts[-1].find_cut(crops, least_cosine)
            if place is not None:
                parts.append(parts[-1].cut(place))
                self._part_before(parts[-1], longest)

    def _part_before(self, young: Tracklet, longest: int) -> None:
        for (camera, _), parts in sorted(self._tracks.items()):
            if camera == young.camera and _runs_into(parts[-1], young, longest):
                parts.append(parts[-1].cut(young.frames[0]))

    def retire(self, before: int) -> list[Tracklet]:
        """Remove and return everything that lies before a frame, in order.

        Tracklets across the frame are parted there: were they whole, what stays could be given an
        identity that what has left shows at the same time in the same camera.
        """
        gone = []
        for track, parts in list(self._tracks.items()):
            old = [tracklet for tracklet in parts if tracklet.frames[0] < before]
            if not old:
                continue
            staying = [tracklet for tracklet in parts if tracklet.frames[0] >= before]
            if old[-1].frames[-1] >= before:
                staying.insert(0, old[-1].cut(before))
            gone += old
            self._tracks[track] = staying
            if not staying:
                del self._tracks[track]
        return sorted(gone, key=lambda tracklet: tracklet.key)

    def tracklets(self) -> list[Tracklet]:
        """All tracklets, in the order of their keys."""
        return sorted((t for parts in self._tracks.values() for t in parts), key=lambda t: t.key)

    def publish(self, camera: int, track_id: int, frame: int, taken: set[_TrackKey]) -> tuple[int, float]:
        """Write down and return the identity of an observation, 0 for none, and how probable it is.

        Args:
            camera: index of the camera.
            track_id: the track.
            frame: the tick being published.
            taken: (camera, identity) given at this tick before; an identity is given once a camera.

        """
        for tracklet in self._tracks.get((camera, track_id), ()):
            row = bisect_left(tracklet.frames, frame)
            if row < len(tracklet.frames) and tracklet.frames[row] == frame:
                if tracklet.name and (camera, tracklet.name) not in taken:
                    taken.add((camera, tracklet.name))
                    tracklet.identities[row] = tracklet.name
                return tracklet.identities[row], tracklet.certainty
        return 0, 0.0

    def note_gaps(self, since: int, longest: int) -> None:
        """Remember where named tracklets leave a gap of at most so many frames, reaching beyond a frame."""
        self._gaps = find_gaps(self.tracklets(), since, longest)

    def note_boxes(self, first: int, last: int) -> None:
        """Remember where named tracklets were found from one frame to another."""
        self.found = collect_boxes(self.tracklets(), first, last)

    def gaps_at(self, frame: int, taken: set[_TrackKey], tracks: set[_TrackKey]) -> Iterator[Gap]:
        """Yield the gaps at a frame that still want a box.

        Args:
            frame: the tick being published.
            taken: (camera, identity) given at this tick before; grows as the caller fills gaps.
            tracks: (camera, track) with a box at this tick, with or without identity; grows likewise.

        """
        for gap in self._gaps:
            tracklet = gap.tracklet
            if not gap.before < frame < gap.after or not tracklet.name or (tracklet.camera, tracklet.name) in taken:
                continue
            if (tracklet.camera, tracklet.track_id) in tracks:
                continue  # the track goes on as somebody else, or outside the monitored area
            yield gap

    def by_place(self, reach_m: float) -> list[tuple[Place, list[Tracklet]]]:
        """`tracklets` by places that are farther from each other than this, but those with nobody in view."""
        places = self._places.apart(reach_m)
        self._floors = {place: self._floors.get(place) or FloorTable(self.cameras) for place in places}
        tracklets = self.tracklets()
        parted = [(place, [tracklet for tracklet in tracklets if tracklet.camera in place]) for place in places]
        return [(place, own) for place, own in parted if own]

    def weigh(
        self,
        place: Place,
        tracklets: list[Tracklet],
        forbidden: Mask,
        calibration: Calibration,
        fps: float,
        parameters: EvidenceParameters,
    ) -> Weighed:
        """Weigh the tracklets of a place; `forbidden`: (N, N) pairs that one camera shows at the same time."""
        table = self._floors[place]
        floor = table.update(tracklets, calibration.shifts, calibration.late, fps, parameters)
        motion = motion_evidence(tracklets, table.shifts, table.late, fps, parameters)
        means, weights = mean_appearances(tracklets)
        single = means.astype(np.float32)  # as embeddings are
        cosines = (single @ single.T).astype(np.float64)
        strangers = np.concatenate(
            [simultaneous_pairs(tracklets, forbidden, fps), table.apart(fps, parameters)], axis=1
        )
        lookalikes = likeness_of_strangers(cosines, weights, strangers, parameters)
        looks = appearance_evidence(cosines, weights, lookalikes, parameters)
        return Weighed(looks, floor + motion, cosines, weights)

    def floor_agreement(self, place: Place) -> tuple[Matrix, Matrix]:
        """Return what the floor said of the tracklets of a place when they were weighed last.

        Returns:
            (N, N) mean log-odds of the floor at a moment, and (N, N) moments at which two cameras saw both feet.

        """
        return self._floors[place].agreement()


def _runs_into(old: Tracklet, young: Tracklet, longest: int) -> bool:
    """Whether a tracklet ends within so many frames of another one's beginning, which goes on."""
    overlap = old.frames[-1] - young.frames[0]
    return 0 <= overlap < longest and old.frames[0] < young.frames[0] and old.frames[-1] < young.frames[-1]
