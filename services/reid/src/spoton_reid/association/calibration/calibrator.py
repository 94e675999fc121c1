"""Everything that a scene tells of its cameras, learned as it runs and handed to association."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.calibration.alignment import PlaneAlignment
from spoton_reid.association.calibration.appearance import AppearanceStatistics
from spoton_reid.association.calibration.clocks import ClockComparison
from spoton_reid.association.calibration.feet import SAMPLE_S, Feet, FeetHistory
from spoton_reid.association.calibration.health import CameraHealth, plane_offsets
from spoton_reid.association.parameters import EvidenceParameters

Matrix = NDArray[np.float64]

_COMPARE_EVERY_S = 1.0  # clocks
_LEAST_LATE_S = 0.3  # below, a walker is within the error of a position
_LEAST_CHANGE_S = 0.3  # of a correction that is applied: each change adds up floor evidence anew


@dataclass(frozen=True, slots=True)
class Calibration:
    """What association corrects.

    What cosines mean is learned and published, and not corrected: learned curves cost points where people dress alike
    (docs/accuracy-log.md).

    Attributes:
        shifts: (cameras, cameras, 2) metres; [a, b] is added to (foot in a − foot in b).
        late: (cameras,) ticks by which a camera shows the same moment later than the others.

    """

    shifts: Matrix
    late: NDArray[np.int64]


@dataclass(slots=True)
class Calibrator:
    """Learns from buckets alone. State pickles and does not grow."""

    cameras: int
    fps: float
    model: EvidenceParameters
    _feet: FeetHistory = field(init=False)
    _alignment: PlaneAlignment = field(init=False)
    _clocks: ClockComparison = field(init=False)
    _appearance: AppearanceStatistics = field(init=False)
    _late_samples: Matrix = field(init=False)  # as found
    _sample: int = -1
    current: Calibration = field(init=False)

    def __post_init__(self) -> None:
        """Begin with planes and clocks that agree and with what the model says."""
        self._feet = FeetHistory(self.cameras)
        self._alignment = PlaneAlignment(self.cameras)
        self._clocks = ClockComparison(self.cameras)
        self._appearance = AppearanceStatistics(self.cameras)
        self._late_samples = np.full(self.cameras, np.nan)
        none = np.zeros(self.cameras, np.int64)
        self.current = Calibration(np.zeros((self.cameras, self.cameras, 2)), none)

    def see(self, tick: int, feet: list[Feet]) -> None:
        """Take the visible feet of a tick, by camera."""
        every = self._every
        if tick % every:
            return
        sample, last = tick // every, self._sample
        self._sample = sample
        self._feet.add(feet, sample - last - 1 if last >= 0 else 0)
        late = np.round(self.current.late / every).astype(np.int64)
        self._alignment.observe([self._feet.at(camera, ago) for camera, ago in enumerate((late.max() - late).tolist())])
        compare = max(1, round(_COMPARE_EVERY_S * self.fps / every))
        if sample // compare > last // compare and self._feet.full:
            self._clocks.observe(self._feet, self.current.shifts)

    def fade(self) -> None:
        """Let what people look like weigh a little less; before each look."""
        self._appearance.fade()

    def compare(self, cameras: NDArray[np.int64], cosines: Matrix, strangers: Matrix, same: Matrix) -> None:
        """Take a look at the tracklets in view, as in `AppearanceStatistics.observe`."""
        self._appearance.observe(cameras, cosines, strangers, same)

    def conclude(self) -> None:
        """Bring `current` up to what has been seen."""
        self._late_samples = self._clocks.lateness()
        ticks = self._late_samples * self._every
        ticks = np.where(np.abs(ticks) < _LEAST_LATE_S * self.fps, 0.0, np.round(ticks))
        ticks = np.where(np.isnan(ticks), self.current.late, ticks).astype(np.int64)
        changed = np.abs(ticks - self.current.late) >= _LEAST_CHANGE_S * self.fps
        late = np.where(changed, ticks, self.current.late)
        if changed.any():
            self._alignment = PlaneAlignment(self.cameras)  # was learned from feet at different moments
        self.current = Calibration(self._alignment.shifts(), late)

    def health(self, camera_ids: Sequence[str]) -> list[CameraHealth]:
        """Tell how the cameras stand, in their order."""
        midpoints = self._appearance.curves(self.model.appearance_midpoint, self.model.appearance_slope).midpoints
        offsets = plane_offsets(self.current.shifts, self._alignment.known())
        found = self._late_samples * self._every / self.fps
        return [
            CameraHealth(
                camera_id,
                None if np.isnan(late) else late,
                applied / self.fps,
                None if np.isnan(offset).any() else (float(offset[0]), float(offset[1])),
                even_cosine,
            )
            for camera_id, late, applied, offset, even_cosine in zip(
                camera_ids,
                found.tolist(),
                self.current.late.tolist(),
                offsets,
                midpoints.mean(axis=1).tolist(),
                strict=True,
            )
        ]

    @property
    def _every(self) -> int:
        return max(1, round(SAMPLE_S * self.fps))
