"""Which pictures of a camera are looked at in the adaptive mode.

A look decides when the next one comes from what it shows, and from nothing else: the choice is the same in every run,
whatever was restarted in between.
"""

from dataclasses import dataclass

from spoton_detector.detector import FrameDetections

_LEAST_SCORE = 0.35  # weaker boxes start no track


@dataclass(frozen=True, slots=True)
class LookPlan:
    """How long nobody looks, in seconds of video.

    Attributes:
        usual_s: while somebody is there; trackers give a box up that they miss for longer.
        empty_s: while nobody is there: how late somebody who enters may be noticed.

    """

    usual_s: float = 0.2
    empty_s: float = 0.4

    def gap(self, found: FrameDetections, fps: float) -> int:
        """Return after how many pictures the next look comes, at least 1."""
        gap_s = self.usual_s if (found.scores >= _LEAST_SCORE).any() else self.empty_s
        return max(1, int(gap_s * fps + 1e-6))  # 0.58 * 50 is a little less than 29
