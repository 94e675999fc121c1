"""A model of the mistakes of a detector, for boxes that no detector has made.

At level 0 it is as good as YOLO11n on well lit bottles: every thing in full view is found, edges are off by half a
per cent. At level 1 a fifth of the pictures miss a thing in full view, for up to a second on end, edges are off by
two per cent, every thirtieth box has a neighbouring class, and now and then a box is there twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from spoton_scenes.tabletop.script import TableClip
from spoton_scenes.tabletop.staging import Box, StagedBox, stage

_TAKEN_FOR = {"bottle": "vase", "cup": "bowl", "book": "laptop", "cell phone": "remote"}


@dataclass(frozen=True, slots=True)
class SeenBox:
    """What the detector says."""

    class_name: str
    bbox_xyxy: Box
    confidence: float


@dataclass(slots=True)
class DetectorNoise:
    """Mistakes with a memory: what is missed is missed for some pictures on end."""

    level: float
    fps: float
    unseen_hands: bool
    rng: np.random.Generator
    _blind_until_s: dict[str, float] = field(default_factory=dict)

    def see(self, staged: Sequence[StagedBox], time_s: float) -> Iterator[SeenBox]:
        """Yield the boxes that are found in a picture."""
        for box in staged:
            if box.class_name == "person":
                yield from self._see_person(box, time_s)
            else:
                yield from self._see_thing(box, time_s)

    def _see_person(self, box: StagedBox, time_s: float) -> Iterator[SeenBox]:
        if box.seen_xyxy is None or (box.is_hand and self.unseen_hands):
            return
        if not self._is_blind(box.key, time_s, 0.3 if box.is_hand else 0.02, 0.4):
            confidence = 0.5 if box.is_hand else 0.8
            yield SeenBox("person", self._jitter(box.seen_xyxy, 2.0), self._confidence(confidence))

    def _see_thing(self, box: StagedBox, time_s: float) -> Iterator[SeenBox]:
        if box.seen_xyxy is None or box.visibility < 0.3:
            return
        if self._is_blind(box.key, time_s, 0.2 * self.level, 0.2 + 0.3 * self.level):
            return
        side = float(np.sqrt((box.bbox_xyxy[2] - box.bbox_xyxy[0]) * (box.bbox_xyxy[3] - box.bbox_xyxy[1])))
        found = min(1.0, (box.visibility - 0.1) / 0.6) * (1.0 if box.speed < 4 * side else 0.4)
        if self.rng.random() > found:
            return
        flips = self.rng.random() < 0.03 * self.level
        name = _TAKEN_FOR[box.class_name] if flips else box.class_name
        confidence = self._confidence((0.8 - 0.3 * self.level) * found)
        yield SeenBox(name, self._jitter(box.seen_xyxy, 0.5 + 1.5 * self.level), confidence)
        if self.rng.random() < 0.01 * self.level:  # a second box, of its upper half
            left, top, right, bottom = box.seen_xyxy
            yield SeenBox(box.class_name, (left, top, right, (top + bottom) / 2), self._confidence(0.3))

    def _is_blind(self, key: str, time_s: float, share: float, mean_s: float) -> bool:
        """Follow a two-state process: blind for `share` of the time, for `mean_s` at a time and a second at most."""
        if time_s < self._blind_until_s.get(key, 0.0):
            return True
        if time_s < self._blind_until_s.get(key, -1.0) + 0.5:  # it sees for half a second at least
            return False
        if share and self.rng.random() < share / (1 - share) / (mean_s * self.fps):
            self._blind_until_s[key] = time_s + min(float(self.rng.exponential(mean_s)), 1.0)
            return True
        return False

    def _jitter(self, box: Box, percent: float) -> Box:
        size = np.array([box[2] - box[0], box[3] - box[1]] * 2)
        left, top, right, bottom = (np.array(box) + self.rng.normal(0, percent / 100, 4) * size).tolist()
        return left, top, max(right, left + 1), max(bottom, top + 1)

    def _confidence(self, mean: float) -> float:
        return float(np.clip(self.rng.normal(mean, 0.05), 0.11, 0.98))


def look(clip: TableClip, seed: int = 1) -> Iterator[tuple[float, list[SeenBox]]]:
    """Yield what the detector sees in each picture of a clip, with the picture's time, seconds."""
    noise = DetectorNoise(clip.noise, clip.fps, clip.unseen_hands, np.random.default_rng([seed, *clip.name.encode()]))
    for index in range(round(clip.length_s * clip.fps)):
        time_s = index / clip.fps
        yield time_s, list(noise.see(stage(clip, time_s), time_s))
