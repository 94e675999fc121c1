"""Tracklets that end rather than swap.

A swap inside a track cannot be undone later, a gap between two tracklets can: association joins what
belongs together with more evidence than one camera has. So a tracklet ends wherever linking it on
would be a guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from spoton_reid.snapshot import pack_state, unpack_state
from spoton_reid.tracking.base import Embedding, Tracker

_KIND = "tracklet"


@dataclass(frozen=True, slots=True)
class TrackletParameters:
    """Thresholds of the linker; chosen by purity against true identities on real footage."""

    start_confidence: float = 0.35  # weaker boxes may only continue a tracklet
    continue_confidence: float = 0.1
    least_iou: float = 0.4  # of predicted and found box
    ambiguity_margin: float = 0.3  # a second match this near to the best makes the link a guess
    patience_s: float = 0.2  # a tracklet without a box for longer has ended
    velocity_memory: float = 0.5  # share of the old velocity kept at each frame


@dataclass(slots=True)
class _Live:
    track_id: int
    class_id: int
    last_frame: int
    box: NDArray[np.float64]  # xyxy of the last detection
    velocity: NDArray[np.float64]  # (x, y) of the centre, pixels a frame

    def predict(self, frame_index: int) -> NDArray[np.float64]:
        shift = self.velocity * (frame_index - self.last_frame)
        predicted: NDArray[np.float64] = self.box + np.concatenate([shift, shift])
        return predicted

    def move(self, frame_index: int, box: NDArray[np.float64], memory: float) -> None:
        step = ((box[:2] + box[2:]) - (self.box[:2] + self.box[2:])) / 2 / (frame_index - self.last_frame)
        self.velocity = memory * self.velocity + (1 - memory) * step
        self.box, self.last_frame = box, frame_index


class TrackletLinker(Tracker):
    """Links by overlap with the predicted box (constant velocity) and ends a tracklet at ambiguity."""

    def __init__(self, fps: float, parameters: TrackletParameters | None = None) -> None:
        self._parameters = parameters or TrackletParameters()
        self._patience = max(1, round(self._parameters.patience_s * fps))
        self._live: list[_Live] = []
        self._next_id = 1

    def _link(
        self,
        frame_index: int,
        boxes_xyxy: NDArray[np.float32],
        confidences: NDArray[np.float32],
        class_ids: NDArray[np.int64],
        embeddings: Sequence[Embedding | None],  # noqa: ARG002 - appearance is weighed by association
    ) -> list[tuple[int, int]]:
        boxes = boxes_xyxy.astype(np.float64)
        strong = np.flatnonzero(confidences >= self._parameters.start_confidence)
        weak = np.flatnonzero(
            (confidences >= self._parameters.continue_confidence) & (confidences < self._parameters.start_confidence)
        )
        self._live = [live for live in self._live if frame_index - live.last_frame <= self._patience]
        linked: list[tuple[int, int]] = []
        waiting = list(self._live)
        for candidates in (strong, weak):
            matched, guesses = self._match(frame_index, waiting, boxes, class_ids, candidates)
            for live, detection in matched:
                live.move(frame_index, boxes[detection], self._parameters.velocity_memory)
                linked.append((detection, live.track_id))
            taken = {live.track_id for live, _ in matched} | guesses
            waiting = [live for live in waiting if live.track_id not in taken]
            self._live = [live for live in self._live if live.track_id not in guesses]
        continued = {detection for detection, _ in linked}
        fresh = [detection for detection in strong.tolist() if detection not in continued]
        started = [self._start(frame_index, boxes[index], int(class_ids[index])) for index in fresh]
        return linked + list(zip(fresh, started, strict=True))

    def _match(
        self,
        frame_index: int,
        waiting: list[_Live],
        boxes: NDArray[np.float64],
        class_ids: NDArray[np.int64],
        candidates: NDArray[np.int64],
    ) -> tuple[list[tuple[_Live, int]], set[int]]:
        """Match tracklets with detections; also return the ids of tracklets whose match is a guess."""
        if not waiting or len(candidates) == 0:
            return [], set()
        predicted = np.stack([live.predict(frame_index) for live in waiting])
        iou = _pairwise_iou(predicted, boxes[candidates])
        iou[np.array([live.class_id for live in waiting])[:, None] != class_ids[candidates][None, :]] = 0.0
        rows, columns = linear_sum_assignment(np.where(iou >= self._parameters.least_iou, iou, 0), maximize=True)
        matched, guesses = [], set()
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            best = iou[row, column]
            if best < self._parameters.least_iou:
                continue
            rival = max(np.delete(iou[row], column).max(initial=0), np.delete(iou[:, column], row).max(initial=0))
            if rival > best - self._parameters.ambiguity_margin:
                guesses.add(waiting[row].track_id)
            else:
                matched.append((waiting[row], int(candidates[column])))
        return matched, guesses

    def _start(self, frame_index: int, box: NDArray[np.float64], class_id: int) -> int:
        track_id = self._next_id
        self._next_id += 1
        self._live.append(_Live(track_id, class_id, frame_index, box, np.zeros(2)))
        return track_id

    def snapshot(self) -> bytes:
        """Write the live tracklets."""
        return pack_state(_KIND, (self._next_id, self._live))

    def restore(self, snapshot: bytes) -> None:
        """Take up the live tracklets again."""
        self._next_id, self._live = unpack_state(_KIND, snapshot)


def _pairwise_iou(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 1e-9, None).prod(axis=1) for boxes in (first, second)]
    iou: NDArray[np.float64] = shared / (areas[0][:, None] + areas[1][None, :] - shared)
    return iou
