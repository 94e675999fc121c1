"""The online associator: buckets in, labelled buckets and revisions out.

It looks at the tracklets of the last `window_s` seconds, groups them anew every `solve_interval_s`
of video, publishes a bucket `label_delay_s` after it came as decided until then, and corrects what it
published when a later solution says otherwise. Tracklets that leave the window are final; what they looked like stays
in the gallery. The result depends on buckets alone.
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.adoption import adopt_fragments
from spoton_reid.association.attachment import attach_leftovers
from spoton_reid.association.calibration import Calibrator, CameraHealth
from spoton_reid.association.calibration.samples import free_samples
from spoton_reid.association.calibration.transit import Passages, TransitStatistics, find_passages
from spoton_reid.association.certainty import margins, probabilities
from spoton_reid.association.clustering import cluster
from spoton_reid.association.clusters import Situation
from spoton_reid.association.evidence import cannot_link
from spoton_reid.association.floor import hidden_feet, inside_polygon
from spoton_reid.association.identities import IdentityBook
from spoton_reid.association.labelling import Labeller
from spoton_reid.association.parameters import AssociationParameters
from spoton_reid.association.places import Place
from spoton_reid.association.revisions import describe_spans, revise
from spoton_reid.association.tracklets import Tracklet
from spoton_reid.association.values import (
    Bucket,
    IdentityAppearance,
    IdentityRevision,
    LabelledBucket,
    Observation,
    Scene,
)
from spoton_reid.association.window import Weighed, Window
from spoton_reid.errors import BucketError
from spoton_reid.snapshot import pack_state, unpack_state

_KIND = "associator"
_CONCLUDE_EVERY = 2  # solves; planes and clocks do not move
_LEARN_EVERY_S = 5.0  # what people look like: tracklets that are in view for long are seen again
_SETTLE_S = 5.0  # after which a newcomer's identity hardly changes any more
_ANEW_EVERY = 4  # solves; between them the last solution is only improved


@dataclass(slots=True)
class _State:
    window: Window
    calibrator: Calibrator
    transit: TransitStatistics
    book: IdentityBook = field(default_factory=IdentityBook)
    pending: deque[Bucket] = field(default_factory=deque)
    newest: int | None = None
    last_solve: int | None = None
    last_learned: int = 0
    solves: int = 0


class Associator:
    """Gives tracklets of all cameras of a scene one identity per person."""

    def __init__(self, scene: Scene, parameters: AssociationParameters | None = None) -> None:
        self._scene = scene
        self._parameters = parameters or AssociationParameters()
        self._labeller = Labeller(scene, self._parameters.smoothing)
        self._delay = round(self._parameters.label_delay_s * scene.fps)
        self._interval = max(1, round(self._parameters.solve_interval_s * scene.fps))
        cameras = len(scene.cameras)
        calibrator = Calibrator(cameras, scene.fps, self._parameters.evidence)
        self._state = _State(Window(cameras), calibrator, TransitStatistics(cameras))

    def feed(self, bucket: Bucket) -> tuple[list[LabelledBucket], list[IdentityRevision]]:
        """`take` the next tick, then `decide`."""
        return self.take(bucket), self.decide()

    def take(self, bucket: Bucket) -> list[LabelledBucket]:
        """Take the next tick; `decide` must follow before the one after it.

        Returns:
            buckets published now, oldest first, as decided before: nobody waits for the next decision.

        Raises:
            BucketError: the tick does not follow the last one, or a camera is not of the scene.

        """
        state = self._state
        if state.newest is not None and bucket.global_frame_index <= state.newest:
            raise BucketError(f"bucket {bucket.global_frame_index} after {state.newest}")
        self._absorb(bucket)
        state.newest = bucket.global_frame_index
        state.pending.append(bucket)
        return self._publish(bucket.global_frame_index - self._delay)

    def decide(self) -> list[IdentityRevision]:
        """Group all tracklets anew if it is time to; return corrections of buckets published before."""
        state = self._state
        if state.newest is None or (state.last_solve is not None and state.newest - state.last_solve < self._interval):
            return []
        return self._solve(state.newest)

    def finish(self) -> tuple[list[LabelledBucket], list[IdentityRevision]]:
        """Take no more ticks: decide once more and publish the rest."""
        if self._state.newest is None:
            return [], []
        self._state.solves = 0
        revisions = self._solve(self._state.newest)
        return self._publish(self._state.newest), revisions

    def appearances(self) -> list[IdentityAppearance]:
        """Tell what the identities that are in the window look like, sorted by identity."""
        seen: dict[int, list[Tracklet]] = {}
        for tracklet in self._state.window.tracklets():
            if tracklet.name:
                seen.setdefault(tracklet.name, []).append(tracklet)
        described = (self._state.book.describe(name, tracklets) for name, tracklets in sorted(seen.items()))
        return [appearance for appearance in described if appearance is not None]

    def health(self) -> list[CameraHealth]:
        """Tell how the cameras stand against each other, in the scene's order."""
        return self._state.calibrator.health([camera.camera_id for camera in self._scene.cameras])

    def snapshot(self) -> bytes:
        """Write the whole state."""
        return pack_state(_KIND, self._state)

    def restore(self, snapshot: bytes) -> None:
        """Continue exactly where `snapshot` was taken (with equal scene and parameters).

        Raises:
            SnapshotError: the bytes are no snapshot of an associator.

        """
        self._state = unpack_state(_KIND, snapshot)

    def _absorb(self, bucket: Bucket) -> None:
        feet: list[dict[int, tuple[float, float]]] = []
        observations = self._labeller.in_order(bucket)
        for index, camera in enumerate(self._scene.cameras):
            own = [observation for observation in observations if observation.camera_id == camera.camera_id]
            places = _visible_feet(own)
            feet.append({})
            for observation, (x_m, y_m) in zip(own, places.tolist(), strict=True):
                if math.isfinite(x_m):
                    feet[-1][observation.track_id] = (x_m, y_m)
                if self._monitored(observation):
                    self._state.window.add(index, bucket.global_frame_index, observation, (x_m, y_m))
        self._state.calibrator.see(bucket.global_frame_index, feet)

    def _monitored(self, observation: Observation) -> bool:
        area = self._scene.monitored_area
        return area is None or observation.floor_m is None or inside_polygon(observation.floor_m, area)

    def _solve(self, now: int) -> list[IdentityRevision]:
        state, parameters, fps = self._state, self._parameters, self._scene.fps
        state.last_solve = now
        tail = round(parameters.longest_tail_s * fps)
        state.window.part_overlaps(now - self._interval - tail, tail)
        state.window.cut(parameters.cut_crops, parameters.cut_cosine, tail)
        step = max(1, round(parameters.window_step_s * fps))
        retired = state.window.retire((now - round(parameters.window_s * fps)) // step * step)
        state.book.remember(retired)
        if state.solves % _CONCLUDE_EVERY == 0:
            state.calibrator.conclude()
        since = state.last_learned
        learn = now - since >= _LEARN_EVERY_S * fps
        if learn:
            state.calibrator.fade()
            state.transit.fade()
            state.last_learned = now
        groups: list[list[Tracklet]] = []
        reach_m = parameters.fastest_mps * (parameters.window_s + parameters.window_step_s)
        for place, tracklets in state.window.by_place(reach_m):
            groups += self._group(now, place, tracklets, since if learn else None)
        state.solves += 1
        names, merged = state.book.name(groups, fps, parameters)
        for label, (group, name) in enumerate(zip(groups, names, strict=True)):
            for tracklet in group:
                tracklet.label, tracklet.name = label, name
        published_until = now if not state.pending else state.pending[0].global_frame_index - 1
        state.window.note_gaps(published_until, round(parameters.longest_gap_s * fps))
        state.window.note_boxes(published_until + 1 - math.ceil(parameters.smoothing.reach_s * fps), now)
        camera_ids = [camera.camera_id for camera in self._scene.cameras]
        return describe_spans(merged, camera_ids) + revise(state.window.tracklets(), published_until, camera_ids)

    def _group(self, now: int, place: Place, tracklets: list[Tracklet], since: int | None) -> list[list[Tracklet]]:
        """Group the tracklets of a place; learn from them, unless `since` is None, what was not learned then."""
        state, parameters, fps = self._state, self._parameters, self._scene.fps
        forbidden = cannot_link(tracklets)
        weighed = state.window.weigh(place, tracklets, forbidden, state.calibrator.current, fps, parameters.evidence)
        passages = find_passages(tracklets, weighed.geometry, state.calibrator.current.late, fps)
        if since is not None:
            floor = state.window.floor_agreement(place)
            self._learn(now, since, tracklets, weighed, floor, forbidden, passages)
        start = np.array([tracklet.label for tracklet in tracklets], dtype=np.int64)
        transit = state.transit.evidence(tracklets, passages, parameters.evidence.transit_limit)
        evidence = weighed.looks + weighed.geometry + transit
        starts = np.array([tracklet.frames[0] for tracklet in tracklets], dtype=np.int64)
        labels = cluster(evidence, forbidden, start, starts, anew=state.solves % _ANEW_EVERY == 0)
        situation = Situation(tracklets, weighed.geometry, forbidden, now, fps)
        labels = attach_leftovers(labels, situation, parameters.evidence, parameters.attachment)
        labels = adopt_fragments(labels, situation, parameters.evidence, parameters.attachment)
        certainties = probabilities(margins(evidence, forbidden, labels), parameters.certainty)
        for tracklet, certainty in zip(tracklets, certainties.tolist(), strict=True):
            tracklet.certainty = certainty
        return _groups(tracklets, labels)

    def _learn(
        self,
        now: int,
        since: int,
        tracklets: list[Tracklet],
        weighed: Weighed,
        floor: tuple[NDArray[np.float64], NDArray[np.float64]],
        forbidden: NDArray[np.bool_],
        passages: Passages,
    ) -> None:
        """Learn from what is sure among the tracklets in view, and from those whose names have settled."""
        state, fps = self._state, self._scene.fps
        evidence = self._parameters.evidence
        strangers, same = free_samples(tracklets, weighed.crops, floor, forbidden, since, fps, evidence)
        cameras = np.array([tracklet.camera for tracklet in tracklets], np.int64)
        state.calibrator.compare(cameras, weighed.cosines, strangers, same)
        settle = round(_SETTLE_S * fps)
        state.transit.learn(tracklets, passages, (since - settle, now - settle))

    def _publish(self, until: int) -> list[LabelledBucket]:
        published = []
        while self._state.pending and self._state.pending[0].global_frame_index <= until:
            bucket = self._state.pending.popleft()
            published.append(self._labeller.label(bucket, self._state.window))
        return published


def _visible_feet(observations: list[Observation]) -> NDArray[np.float64]:
    """Floor positions of one camera's observations, (N, 2), NaN where unknown or where the foot is hidden."""
    boxes = np.array([o.bbox_xyxy for o in observations], np.float64).reshape(-1, 4)
    places = [o.floor_m or (np.nan, np.nan) for o in observations]
    return np.where(hidden_feet(boxes)[:, None], np.nan, np.array(places, np.float64).reshape(-1, 2))


def _groups(tracklets: list[Tracklet], labels: NDArray[np.int64]) -> list[list[Tracklet]]:
    groups: list[list[Tracklet]] = [[] for _ in range(int(labels.max()) + 1)]
    for tracklet, label in zip(tracklets, labels.tolist(), strict=True):
        groups[label].append(tracklet)
    return groups
