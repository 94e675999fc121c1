"""Which crops of a tracklet are embedded: embedding costs more than anything else on a CPU."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SelectionParameters:
    """The budget of one tracklet, in seconds of video."""

    first_crops: int = 4  # taken at the short interval: a tracklet needs a face before it needs detail
    first_interval_s: float = 0.12  # neighbouring frames show the same pixels and add no evidence
    contact_interval_s: float = 0.2  # while its box touches another: where trackers swap
    later_interval_s: float = 0.8
    contact_visibility: float = 0.8  # below, another person covers part of the box
    contact_memory_s: float = 1.0  # a contact goes on this long after the boxes part
    sparse_factor: float = 2.0  # of all intervals where the detector leaves pictures out: speed is asked for


@dataclass(slots=True)
class _Budget:
    embedded: int
    last_embedded: int
    last_contact: int


class CropSelector:
    """Picks the observations of one camera that are worth an embedding. State pickles."""

    def __init__(self, fps: float, parameters: SelectionParameters | None = None) -> None:
        self._fps = fps
        self._parameters = parameters or SelectionParameters()
        self._budgets: dict[int, _Budget] = {}

    def select(
        self,
        frame_index: int,
        track_ids: NDArray[np.int64],
        visibilities: NDArray[np.float32],
        accepted: NDArray[np.bool_],
        *,
        sparse: bool = False,
    ) -> NDArray[np.bool_]:
        """Choose among the tracked boxes of one frame.

        Args:
            frame_index: frames only grow.
            track_ids: (N,), each id at most once.
            visibilities: (N,) in 0..1.
            accepted: (N,) the gate's judgement.
            sparse: the detector left out the frames before this one.

        Returns:
            (N,) True where the crop is to be embedded.

        """
        chosen = np.zeros(len(track_ids), dtype=np.bool_)
        for index, track_id in enumerate(track_ids.tolist()):
            budget = self._budgets.setdefault(track_id, _Budget(0, -(10**9), -(10**9)))
            if visibilities[index] < self._parameters.contact_visibility:
                budget.last_contact = frame_index
            if accepted[index] and frame_index - budget.last_embedded >= self._interval(budget, frame_index, sparse):
                budget.embedded += 1
                budget.last_embedded = frame_index
                chosen[index] = True
        return chosen

    def forget(self, track_ids: list[int]) -> None:
        """Drop the budgets of tracklets that have ended."""
        for track_id in track_ids:
            self._budgets.pop(track_id, None)

    def _interval(self, budget: _Budget, frame_index: int, sparse: bool) -> int:
        parameters = self._parameters
        interval_s = parameters.later_interval_s
        if frame_index - budget.last_contact <= parameters.contact_memory_s * self._fps:
            interval_s = parameters.contact_interval_s
        if budget.embedded < parameters.first_crops:
            interval_s = min(interval_s, parameters.first_interval_s)
        return max(1, round(interval_s * (parameters.sparse_factor if sparse else 1.0) * self._fps))
