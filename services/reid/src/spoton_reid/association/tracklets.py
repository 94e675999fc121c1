"""What is known of one tracklet: its boxes, its path on the floor, its appearance."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.values import Box, Observation, Point

_TAIL = 8  # boxes from which the velocity at the end is taken: a third of a second at 25 frames/s


@dataclass(frozen=True, slots=True)
class Sighting:
    """One embedded crop: when, what, and how much of the person it shows (0..1)."""

    frame: int
    embedding: NDArray[np.float32]
    weight: float


@dataclass(slots=True)
class Tracklet:
    """A stretch of one camera's track that shows one person, as far as known.

    Attributes:
        camera: index of the camera in the scene.
        track_id: the tracker's.
        part: number of cuts that the track has had before this stretch.
        frames: global frame indices, ascending, with gaps.
        identities: the identity published for each frame, 0 for none or not yet.
        filled: frames whose box was interpolated, ascending.
        label: cluster of the last solution, −1 before the first.
        name: identity of that cluster, 0 for none.
        certainty: probability that the name is right, 0..1.
        told: identity that all frames were last published or revised as, −1 while some may differ.

    """

    camera: int
    track_id: int
    part: int
    frames: list[int] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    floors: list[tuple[float, float]] = field(default_factory=list)
    identities: list[int] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    filled: list[int] = field(default_factory=list)
    _looks: tuple[int, NDArray[np.float64] | None, float] = (0, None, 0.0)
    _ends: tuple[tuple[int, int], tuple[float, ...]] = ((0, 0), ())
    label: int = -1
    name: int = 0
    told: int = -1
    certainty: float = 0.0

    @property
    def key(self) -> tuple[int, int, int, int]:
        """Order and name: by first frame, then camera, track and part."""
        return self.frames[0], self.camera, self.track_id, self.part

    @property
    def end(self) -> int:
        """Row of the last box that was found, not filled in; the last row where all were filled in."""
        row = len(self.frames) - 1
        if len(self.filled) == len(self.frames):
            return row
        for frame in reversed(self.filled):
            if frame != self.frames[row]:
                break
            row -= 1
        return row

    def add(self, frame: int, observation: Observation, foot_m: Point) -> None:
        """Take the next observation of the track."""
        self.frames.append(frame)
        self.boxes.append(observation.bbox_xyxy)
        self.confidences.append(observation.confidence)
        self.floors.append(foot_m)
        self.identities.append(0)
        if observation.embedding is not None:
            self.sightings.append(Sighting(frame, observation.embedding, observation.visibility))

    def appearance(self) -> tuple[NDArray[np.float64] | None, float]:
        """Return the sum of embeddings weighted by visibility, None without any, and the sum of weights."""
        known, total, weight = self._looks
        if known != len(self.sightings):
            total, weight = _weighted_sum(self.sightings), sum(sighting.weight for sighting in self.sightings)
            self._looks = len(self.sightings), total, weight
        return total, weight

    def find_cut(self, crops: int, least_cosine: float) -> int | None:
        """Find the frame at which the track goes on with someone who looks different.

        Args:
            crops: number of crops compared before and after.
            least_cosine: of the two mean appearances.

        Returns:
            first frame of the second person, or None.

        """
        if len(self.sightings) < 2 * crops:
            return None
        worst, place = least_cosine, None
        for split in range(crops, len(self.sightings) - crops + 1):
            before = _weighted_sum(self.sightings[split - crops : split])
            after = _weighted_sum(self.sightings[split : split + crops])
            norms = float(np.linalg.norm(before) * np.linalg.norm(after))
            cosine = float(before @ after) / max(norms, 1e-12)
            if cosine < worst:
                worst, place = cosine, self.sightings[split].frame
        return place

    def cut(self, frame: int) -> "Tracklet":
        """End before a frame; the rest becomes the returned tracklet."""
        row = next(index for index, own in enumerate(self.frames) if own >= frame)
        rest = Tracklet(self.camera, self.track_id, self.part + 1, label=self.label, name=self.name)
        for name in ("frames", "boxes", "confidences", "floors", "identities"):
            values = getattr(self, name)
            setattr(rest, name, values[row:])
            setattr(self, name, values[:row])
        rest.filled = [own for own in self.filled if own >= frame]
        self.filled = [own for own in self.filled if own < frame]
        self._looks, self._ends = (0, None, 0.0), ((0, 0), ())
        rest.sightings = [sighting for sighting in self.sightings if sighting.frame >= frame]
        self.sightings = [sighting for sighting in self.sightings if sighting.frame < frame]
        return rest

    def ends(self) -> tuple[float, ...]:
        """Return how it begins and ends, filled boxes at the end left out, as 16 numbers.

        First and last frame; first and last box; first and last floor position; velocity of the box centre near
        the end, in pixels a frame.
        """
        size = len(self.frames), len(self.filled)
        if size != self._ends[0]:
            end = self.end
            spatial = *self.boxes[0], *self.boxes[end], *self.floors[0], *self.floors[end]
            self._ends = size, (self.frames[0], self.frames[end], *spatial, *self._final_velocity(end))
        return self._ends[1]

    def _final_velocity(self, end: int) -> tuple[float, float]:
        rows = slice(max(0, end + 1 - _TAIL), end + 1)
        frames, boxes = self.frames[rows], self.boxes[rows]
        elapsed = frames[-1] - frames[0]
        if elapsed == 0:
            return 0.0, 0.0
        (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = boxes[0], boxes[-1]
        return (bx1 + bx2 - ax1 - ax2) / 2 / elapsed, (by1 + by2 - ay1 - ay2) / 2 / elapsed

    def found(self, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return frames (M,), boxes (M, 4) and confidences (M,) of what was found from one frame to another."""
        rows = slice(bisect_left(self.frames, first), bisect_right(self.frames, last))
        frames = np.array(self.frames[rows], np.int64)
        seen = ~np.isin(frames, self.filled) if self.filled else np.ones(len(frames), np.bool_)
        boxes = np.array(self.boxes[rows], np.float64).reshape(-1, 4)
        return frames[seen], boxes[seen], np.array(self.confidences[rows], np.float64)[seen]

    def path(self, since: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the frames from one on, (M,), and the floor positions there, (M, 2), NaN where unknown."""
        row = bisect_left(self.frames, since)
        return np.array(self.frames[row:], np.int64), np.array(self.floors[row:], np.float64).reshape(-1, 2)


def _weighted_sum(sightings: list[Sighting]) -> NDArray[np.float64]:
    weights = np.array([sighting.weight for sighting in sightings])
    total: NDArray[np.float64] = weights @ np.array([sighting.embedding for sighting in sightings], np.float64)
    return total
