"""Corrections of identities that were published before."""

from collections.abc import Sequence
from dataclasses import dataclass

from spoton_reid.association.tracklets import Tracklet
from spoton_reid.association.values import IdentityRevision


@dataclass(frozen=True, slots=True)
class RenamedSpan:
    """A stretch of a track that left the window long ago and goes by another identity now."""

    camera: int
    track_id: int
    first_frame: int
    last_frame: int
    old: int
    new: int


def revise(tracklets: Sequence[Tracklet], published_until: int, camera_ids: Sequence[str]) -> list[IdentityRevision]:
    """Bring published identities in line with the tracklets' names; return what changed.

    Args:
        tracklets: with their present names; what was published is rewritten in place.
        published_until: newest published frame.
        camera_ids: name of each camera index.

    """
    spans = []
    for tracklet in tracklets:
        if tracklet.told == tracklet.name and tracklet.frames[-1] <= published_until:
            continue
        start = 0
        rows = [row for row, frame in enumerate(tracklet.frames) if frame <= published_until]
        for row in rows:
            old = tracklet.identities[row]
            if row + 1 < len(rows) and tracklet.identities[row + 1] == old:
                continue
            if old != tracklet.name:
                first, last = tracklet.frames[start], tracklet.frames[row]
                spans.append(RenamedSpan(tracklet.camera, tracklet.track_id, first, last, old, tracklet.name))
            start = row + 1
        for row in rows:
            tracklet.identities[row] = tracklet.name
        tracklet.told = tracklet.name if len(rows) == len(tracklet.frames) else -1
    return describe_spans(spans, camera_ids)


def describe_spans(spans: Sequence[RenamedSpan], camera_ids: Sequence[str]) -> list[IdentityRevision]:
    """Turn renamed spans into revisions, ordered by camera, track and frame."""
    ordered = sorted(spans, key=lambda span: (span.camera, span.track_id, span.first_frame))
    return [
        IdentityRevision(
            camera_ids[span.camera],
            span.track_id,
            span.first_frame,
            span.last_frame,
            span.old or None,
            span.new or None,
        )
        for span in ordered
    ]
