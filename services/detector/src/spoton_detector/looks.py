"""Which pictures of a camera are looked at in the adaptive mode.

A look decides when the next one comes from what it shows, and from nothing else: the choice is the same in every run,
whatever was restarted in between.
"""

from dataclasses import dataclass

import numpy as np

from spoton_detector.detector import FrameDetections

_LEAST_SCORE = 0.35  # weaker boxes start no track


@dataclass(frozen=True, slots=True)
class LookPlan:
    """How long nobody looks, in seconds of video.

    Attributes:
        crowded_s: while people cover each other: links between their boxes would become guesses.
        usual_s: else; trackers give a box up that they miss for longer.
        empty_s: while nobody is there: how late somebody who enters may be noticed.
        crowded_share: share of a box that another one covers, from which on it is crowded.

    """

    crowded_s: float = 0.12
    usual_s: float = 0.2
    empty_s: float = 0.4
    crowded_share: float = 0.3

    def gap(self, found: FrameDetections, fps: float) -> int:
        """Return after how many pictures the next look comes, at least 1."""
        boxes = found.boxes_xyxy[found.scores >= _LEAST_SCORE]
        gap_s = self.empty_s
        if len(boxes):
            gap_s = self.crowded_s if _most_covered(boxes) > self.crowded_share else self.usual_s
        return max(1, int(gap_s * fps + 1e-6))  # 0.12 * 25 is a little less than 3


def _most_covered(boxes: np.typing.NDArray[np.float32]) -> float:
    """Return the largest share of one of these (n, 4) boxes that another one covers."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = shared.diagonal().copy()
    np.fill_diagonal(shared, 0)
    return float((shared / np.maximum(areas, 1e-6)[:, None]).max())
