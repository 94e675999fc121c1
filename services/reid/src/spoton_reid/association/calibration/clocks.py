"""How far the clocks of cameras that see one floor disagree, found without labels.

Whoever walks through the views of two cameras is at the same place at the same time. The feet of one camera are
compared with those of the other some moments earlier and later; the lag at which most of them meet is the difference
of the clocks (cross-correlation of two signals, over a floor instead of a line).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spoton_reid.association.calibration.alignment import FAR_M
from spoton_reid.association.calibration.differences import settle
from spoton_reid.association.calibration.feet import REACH, FeetHistory, neighbours

Matrix = NDArray[np.float64]

_MEETING_M = 1.0  # two feet farther apart do not meet; nearer ones count the more
_KEPT = 0.98  # of the past at each second: a clock that jumps is found within two minutes
_LEAST_MEETINGS = 12.0  # summed nearness at the best lag, in seconds of people; fewer may be chance
_CLEARLY = 1.3  # times as much as at any lag that is not next to it
_NEXT = 4  # samples beside a lag at which people who walk still nearly meet


@dataclass(slots=True)
class ClockComparison:
    """How well feet of each pair of cameras meet at each lag. State pickles."""

    cameras: int
    _meetings: Matrix = field(init=False)  # (camera, camera, lag)

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        self._meetings = np.zeros((self.cameras, self.cameras, 2 * REACH + 1))

    def observe(self, feet: FeetHistory, shifts: Matrix) -> None:
        """Compare the past of all cameras; once a second.

        Args:
            feet: full.
            shifts: (cameras, cameras, 2) metres added to (foot in a − foot in b).

        """
        self._meetings *= _KEPT
        moving = [feet.moving(camera) for camera in range(self.cameras)]
        seen = [moments[np.isfinite(moments[..., 0])] for moments in moving]
        for first, second in neighbours(seen, _MEETING_M + FAR_M):
            met = count_meetings(moving[first][REACH] + shifts[first, second], moving[second])
            self._meetings[first, second] += met

    def lateness(self) -> Matrix:
        """Samples by which each camera shows the same later than the others, (cameras,); NaN where nothing tells."""
        lags = {}
        for first, second in np.argwhere(self._meetings.max(axis=2) >= _LEAST_MEETINGS).tolist():
            lag = clear_lag(self._meetings[first, second])
            if lag is not None:
                lags[first, second] = lag
        return settle(lags, self.cameras)


def count_meetings(feet: Matrix, others: Matrix) -> Matrix:
    """Tell how near feet come to another camera's at each of its moments.

    Args:
        feet: (K, 2) metres, NaN for none.
        others: (moments, M, 2).

    Returns:
        (moments,) sum over pairs that are each other's nearest: 1 on one spot, 0 from a metre.

    """
    distances = np.hypot(*np.moveaxis(feet[None, :, None, :] - others[:, None, :, :], -1, 0))
    distances = np.where(np.isfinite(distances), distances, np.inf)
    nearest = distances.min(axis=2)
    mutual = distances.argmin(axis=1)[np.arange(len(others))[:, None], distances.argmin(axis=2)]
    near = np.where(mutual == np.arange(len(feet)), np.clip(1 - nearest / _MEETING_M, 0, None), 0.0)
    met: Matrix = near.sum(axis=1)
    return met


def clear_lag(meetings: Matrix) -> float | None:
    """Find the lag, in samples, at which feet meet clearly best; None if there is none.

    Args:
        meetings: (2·REACH + 1,).

    """
    best = int(meetings.argmax())
    away = np.abs(np.arange(len(meetings)) - best) > _NEXT
    if meetings[best] < _LEAST_MEETINGS or meetings[best] < _CLEARLY * meetings[away].max():
        return None
    if not 0 < best < len(meetings) - 1:
        return None  # the best may lie farther out
    before, peak, after = meetings[best - 1 : best + 2].tolist()
    bend = before - 2 * peak + after
    return float(best - REACH + (0.5 * (before - after) / bend if bend < 0 else 0.0))
