"""People in pictures that the detector left out: where they must have been between two looks.

Boxes of a track that both looks show lie on the straight line between the two. A track that only one look shows is
taken to be there in the half of the gap that is nearer to that look, going on as it went.
"""

from dataclasses import dataclass, field, replace

from spoton_schemas.records import Detections, Kind, Track

_Velocity = tuple[float, float]  # of the box's centre, pixels a tick
_STILL = (0.0, 0.0)

_MOST_HELD = 64  # pictures without a look, after which the other cameras of the task wait no longer


@dataclass(frozen=True, slots=True)
class FilledPicture:
    """A picture, or mark, that was held back, with its people."""

    record: Detections
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    tick: int = -1
    tracks: dict[int, Track] = field(default_factory=dict)

    def velocity(self, later: "_Look", track_id: int) -> _Velocity:
        """Return how a track moved from this look to a later one; still if one of them does not show it."""
        if track_id not in self.tracks or track_id not in later.tracks:
            return _STILL
        (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = (
            self.tracks[track_id].bbox_xyxy,
            later.tracks[track_id].bbox_xyxy,
        )
        ticks = later.tick - self.tick
        return (bx1 + bx2 - ax1 - ax2) / 2 / ticks, (by1 + by2 - ay1 - ay2) / 2 / ticks


@dataclass(slots=True)
class GapFiller:
    """Holds one camera's pictures back until the next look. State pickles.

    Attributes:
        held: pictures since the last look, and the marks between them.

    """

    held: list[Detections] = field(default_factory=list)
    _before: _Look = field(default_factory=_Look)
    _last: _Look = field(default_factory=_Look)

    def hold(self, record: Detections) -> list[FilledPicture]:
        """Take a picture that nobody looked at, or a mark that comes after one; usually returns nothing yet."""
        self.held.append(record)
        return self.finish() if len(self.held) >= _MOST_HELD else []

    def look(self, tick: int, tracks: tuple[Track, ...]) -> list[FilledPicture]:
        """Take the next look and return what was held, in order.

        Args:
            tick: of the look.
            tracks: what it shows.

        """
        look = _Look(tick, {track.track_id: track for track in tracks})
        filled = [FilledPicture(r, self._between(r, look)) for r in self.held]
        self.held, self._before, self._last = [], self._last, look
        return filled

    def finish(self) -> list[FilledPicture]:
        """Return what is held when no look will follow: everybody goes on as before."""
        filled = [FilledPicture(r, self._after(r, self._last.tracks)) for r in self.held]
        self.held = []
        return filled

    def _between(self, record: Detections, look: _Look) -> tuple[Track, ...]:
        if record.kind is not Kind.FRAME:
            return ()
        last, tick = self._last, record.global_frame_index
        share = (tick - last.tick) / (look.tick - last.tick)
        both = tuple(_mix(track, look.tracks[i], share) for i, track in last.tracks.items() if i in look.tracks)
        if share <= 0.5:
            return both + self._after(record, {i: t for i, t in last.tracks.items() if i not in look.tracks})
        fresh = tuple(_moved(t, _STILL, 0) for i, t in look.tracks.items() if i not in last.tracks)
        return both + fresh

    def _after(self, record: Detections, tracks: dict[int, Track]) -> tuple[Track, ...]:
        if record.kind is not Kind.FRAME:
            return ()
        ticks = record.global_frame_index - self._last.tick
        return tuple(_moved(t, self._before.velocity(self._last, i), ticks) for i, t in tracks.items())


def _mix(before: Track, after: Track, share: float) -> Track:
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = before.bbox_xyxy, after.bbox_xyxy
    return replace(
        before,
        bbox_xyxy=(
            ax1 + share * (bx1 - ax1),
            ay1 + share * (by1 - ay1),
            ax2 + share * (bx2 - ax2),
            ay2 + share * (by2 - ay2),
        ),
        confidence=min(before.confidence, after.confidence),
        visibility=before.visibility + share * (after.visibility - before.visibility),
        embedding=None,
    )


def _moved(track: Track, velocity: _Velocity, ticks: int) -> Track:
    dx, dy = velocity[0] * ticks, velocity[1] * ticks
    x1, y1, x2, y2 = track.bbox_xyxy
    return replace(track, bbox_xyxy=(x1 + dx, y1 + dy, x2 + dx, y2 + dy), embedding=None)
