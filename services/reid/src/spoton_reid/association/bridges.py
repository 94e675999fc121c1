"""Boxes that were put into longer gaps between two tracklets: they follow the tracklet before, and forbid nothing.

Who was where in a gap is a guess that rests on today's names. A box that is part of the tracklet before the gap keeps
it from going on as anybody whom a later solution finds within the gap, which does more harm the longer the gap is. So a
bridge is kept beside the tracklets: nothing is weighed by it, and where somebody of its name is found, it has no name.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from spoton_reid.association.gaps import Gap
from spoton_reid.association.tracklets import Box, Tracklet


@dataclass(slots=True)
class Bridges:
    """Boxes between tracklets, a piece or more for each gap. State pickles."""

    _pieces: dict[tuple[int, int], list[Tracklet]] = field(default_factory=dict)  # by camera and track

    def fill(self, gap: Gap, frame: int) -> Box:
        """Put a box into a gap between two tracklets; frames of one gap only grow."""
        tracklet, box = gap.tracklet, gap.box(frame)
        track = tracklet.camera, tracklet.track_id
        pieces = self._pieces.setdefault(track, [])
        piece = max(pieces, key=lambda piece: piece.key, default=None)
        if piece is None or piece.frames[-1] < gap.before:
            piece = Tracklet(*track, tracklet.part)
            pieces.append(piece)
        piece.frames.append(frame)
        piece.boxes.append(box)
        piece.confidences.append(gap.confidence)
        piece.floors.append((float("nan"), float("nan")))
        piece.identities.append(tracklet.name)
        piece.filled.append(frame)
        piece.told = -1
        return box

    def name(self, tracklets: Sequence[Tracklet]) -> None:
        """Take over the names of the tracklets before, where nobody of that name is found in the gap.

        Args:
            tracklets: all that are not final, with their present names.

        """
        taken: dict[tuple[int, int], list[Tracklet]] = {}
        parts: dict[tuple[int, int], list[Tracklet]] = {}
        for tracklet in tracklets:
            taken.setdefault((tracklet.camera, tracklet.name), []).append(tracklet)
            parts.setdefault((tracklet.camera, tracklet.track_id), []).append(tracklet)
        for track, pieces in self._pieces.items():
            for piece in pieces:  # grows while pieces are parted
                before = [t for t in parts.get(track, ()) if t.frames[0] < piece.frames[0]]
                name = before[-1].name if before else piece.name
                same = taken.setdefault((piece.camera, name), [])
                near = [t for t in same if t.frames[0] <= piece.frames[-1] and piece.frames[0] <= t.frames[-1]]
                found = [any(_shows(tracklet, frame) for tracklet in near) for frame in piece.frames]
                if True in found and False in found:
                    pieces.append(piece.cut(piece.frames[found.index(not found[0])]))
                piece.name = 0 if found[0] else name
                same.append(piece)

    def pieces(self) -> list[Tracklet]:
        """All bridges, to be revised like tracklets, by when they begin."""
        return sorted((piece for pieces in self._pieces.values() for piece in pieces), key=lambda piece: piece.key)

    def retire(self, before: int) -> list[Tracklet]:
        """Remove and return what lies before a frame; pieces across it are parted there, as tracklets are."""
        for pieces in self._pieces.values():
            pieces += [p.cut(before) for p in pieces if p.frames[0] < before <= p.frames[-1]]
        gone = [piece for piece in self.pieces() if piece.frames[0] < before]
        staying = {track: [p for p in pieces if p.frames[0] >= before] for track, pieces in self._pieces.items()}
        self._pieces = {track: pieces for track, pieces in staying.items() if pieces}
        return gone


def _shows(tracklet: Tracklet, frame: int) -> bool:
    row = bisect_left(tracklet.frames, frame)
    return row < len(tracklet.frames) and tracklet.frames[row] == frame
