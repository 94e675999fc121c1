"""The identities of a task: their names, what they looked like, where they were published."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spoton_reid.association.naming import match_names
from spoton_reid.association.parameters import AssociationParameters
from spoton_reid.association.revisions import RenamedSpan
from spoton_reid.association.tracklets import Tracklet
from spoton_reid.association.values import IdentityAppearance
from spoton_reid.gallery import Gallery

Group = Sequence[Tracklet]
_Span = tuple[int, int, int, int]  # camera, track, first frame, last frame


@dataclass(slots=True)
class IdentityBook:
    """Names clusters and remembers identities whose tracklets have left the window. State pickles."""

    gallery: Gallery = field(default_factory=Gallery)
    _next: int = 1
    _spans: dict[int, list[_Span]] = field(default_factory=dict)
    _last_seen: dict[int, int] = field(default_factory=dict)
    _crops: dict[int, float] = field(default_factory=dict)

    def remember(self, retired: Sequence[Tracklet]) -> None:
        """Fold final tracklets into their identities."""
        for tracklet in retired:
            if tracklet.name == 0:
                continue
            span = (tracklet.camera, tracklet.track_id, tracklet.frames[0], tracklet.frames[-1])
            self._spans.setdefault(tracklet.name, []).append(span)
            self._last_seen[tracklet.name] = max(self._last_seen.get(tracklet.name, 0), tracklet.frames[-1])
            total, weight = tracklet.appearance()
            if total is not None:
                self.gallery.add(tracklet.name, total)
                self._crops[tracklet.name] = self._crops.get(tracklet.name, 0.0) + weight

    def describe(self, identity: int, recent: Sequence[Tracklet]) -> IdentityAppearance | None:
        """Tell what an identity looks like, remembered and recent; None if nothing was embedded."""
        sums, crops = [], 0.0
        for total, weight in (tracklet.appearance() for tracklet in recent):
            if total is not None:
                sums.append(total)
                crops += weight
        remembered = self.gallery.entry(identity)
        if remembered is not None:
            sums.append(remembered)
            crops += self._crops.get(identity, 0.0)
        if not sums:
            return None
        mean = np.sum(sums, axis=0)
        unit = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
        return IdentityAppearance(identity, unit, crops, max(tracklet.frames[-1] for tracklet in recent))

    def name(
        self, groups: Sequence[Group], fps: float, parameters: AssociationParameters
    ) -> tuple[list[int], list[RenamedSpan]]:
        """Name clusters: by what they were published as, by re-entry, or anew.

        Returns:
            an identity per cluster (0 for ghosts), and the spans of old tracklets that were renamed
            because their identity turned out to be another.

        """
        names = match_names(groups)
        for index, group in enumerate(groups):
            if not _is_person(group, fps, parameters):
                names[index] = 0
                continue
            if names[index] not in self._spans:
                names[index] = self._find_returned(group, names, parameters) or names[index]
            if names[index] == 0:
                names[index] = self._next
                self._next += 1
        return names, self._merge(groups, names)

    def _find_returned(self, group: Group, names: list[int], parameters: AssociationParameters) -> int:
        """Find the identity of someone who comes back; 0 for a stranger."""
        sums_and_weights = [tracklet.appearance() for tracklet in group]
        sums = [total for total, _ in sums_and_weights if total is not None]
        if sum(weight for _, weight in sums_and_weights) < parameters.reentry_crops:
            return 0
        began = min(tracklet.frames[0] for tracklet in group)
        matches = self.gallery.search(np.sum(sums, axis=0), count=len(names) + 2)
        absent = [m for m in matches if m.identity not in names and self._last_seen[m.identity] < began]
        if not absent or absent[0].cosine < parameters.reentry_cosine:
            return 0
        if len(absent) > 1 and absent[0].cosine - absent[1].cosine < parameters.reentry_margin:
            return 0
        return absent[0].identity

    def _merge(self, groups: Sequence[Group], names: list[int]) -> list[RenamedSpan]:
        """Rename the past of identities whose present belongs to another identity's cluster."""
        gone = self._spans.keys() - names
        taken_over: dict[int, dict[int, int]] = {}
        for group, name in zip(groups, names, strict=True):
            for tracklet in group:
                for old in gone.intersection(tracklet.identities):
                    shares = taken_over.setdefault(old, {})
                    shares[name] = shares.get(name, 0) + tracklet.identities.count(old)
        renamed = []
        for old in sorted(taken_over):
            shares = taken_over[old]
            new = max(sorted(shares), key=lambda name: shares[name])
            if new and not self._overlap(old, new):
                renamed += [RenamedSpan(*span, old, new) for span in self._spans[old]]
                self._absorb(old, new)
        return renamed

    def _absorb(self, old: int, new: int) -> None:
        self._spans.setdefault(new, []).extend(self._spans.pop(old))
        self._last_seen[new] = max(self._last_seen.get(new, 0), self._last_seen.pop(old))
        self.gallery.merge(old, into=new)
        self._crops[new] = self._crops.get(new, 0.0) + self._crops.pop(old, 0.0)

    def _overlap(self, old: int, new: int) -> bool:
        return any(
            a[0] == b[0] and a[2] <= b[3] and b[2] <= a[3] for a in self._spans[old] for b in self._spans.get(new, ())
        )


def _is_person(group: Group, fps: float, parameters: AssociationParameters) -> bool:
    boxes = sum(len(tracklet.confidences) for tracklet in group)
    confidence = sum(sum(tracklet.confidences) for tracklet in group)
    return (
        boxes >= parameters.least_identity_s * fps
        and confidence >= parameters.least_mean_confidence * boxes
        and not _flickers(group, parameters.least_tracklet_s * fps)
    )


def _flickers(group: Group, least: float) -> bool:
    """Whether no tracklet has so many boxes, nor do two cameras see the same so often at the same time."""
    if max(len(tracklet.frames) for tracklet in group) >= least:
        return False
    sightings = {(tracklet.camera, frame) for tracklet in group for frame in tracklet.frames}
    cameras = Counter(frame for _, frame in sightings)
    return sum(count > 1 for count in cameras.values()) < least
