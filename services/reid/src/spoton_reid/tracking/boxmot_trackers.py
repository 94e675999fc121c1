"""BoxMOT's trackers behind our interface: the only place that imports boxmot."""

from collections.abc import Sequence
from typing import Any

import boxmot
import cloudpickle  # type: ignore[import-untyped]
import numpy as np
import torch
from boxmot.structures import Boxes, Detections
from numpy.typing import NDArray

from spoton_reid.snapshot import pack_state, unpack_state
from spoton_reid.tracking.base import Embedding, Tracker

_WITH_APPEARANCE = ("botsort", "deepocsort", "boosttrack")


class BoxmotTracker(Tracker):
    """One BoxMOT tracker with its default thresholds; cameras stand still, so without motion compensation."""

    def __init__(self, name: str, fps: float, use_appearance: bool) -> None:
        self._kind = f"boxmot-{name}"
        self._use_appearance = use_appearance and name in _WITH_APPEARANCE
        self._tracker: Any = _create(name, round(fps), self._use_appearance)

    @property
    def needs_embeddings(self) -> bool:
        """Whether appearance takes part; BoxMOT wants all embeddings of a frame or none."""
        return self._use_appearance

    def _link(
        self,
        frame_index: int,
        boxes_xyxy: NDArray[np.float32],
        confidences: NDArray[np.float32],
        class_ids: NDArray[np.int64],
        embeddings: Sequence[Embedding | None],
    ) -> list[tuple[int, int]]:
        detections = Detections(
            geometry=Boxes(torch.from_numpy(np.ascontiguousarray(boxes_xyxy, np.float32))),
            scores=torch.from_numpy(np.ascontiguousarray(confidences, np.float32)),
            class_ids=torch.from_numpy(np.ascontiguousarray(class_ids, np.int64)),
            sample_id=str(frame_index),
            embeddings=_stack(embeddings) if self._use_appearance and embeddings else None,
        )
        tracks = self._tracker.update(detections, None)
        indices, identities = tracks.detection_indices.tolist(), tracks.track_ids.tolist()
        return [  # boxmot counts tracks from 0 and may report a track without a detection as -1
            (index, track_id + 1) for index, track_id in zip(indices, identities, strict=True) if index >= 0
        ]

    def snapshot(self) -> bytes:
        """Pickle BoxMOT's tracker (about 1 MB); some hold local functions, which plain pickle refuses."""
        return pack_state(self._kind, cloudpickle.dumps(self._tracker))

    def restore(self, snapshot: bytes) -> None:
        """Replace BoxMOT's tracker."""
        self._tracker = cloudpickle.loads(unpack_state(self._kind, snapshot))


def _create(name: str, frame_rate: int, use_appearance: bool) -> Any:
    if name == "botsort":
        return boxmot.BotSort(use_cmc=False, frame_rate=frame_rate, use_embeddings=use_appearance)
    if name == "bytetrack":
        return boxmot.ByteTrack(frame_rate=frame_rate)
    if name == "ocsort":
        return boxmot.OcSort()
    if name == "deepocsort":
        return boxmot.DeepOcSort(cmc_off=True, use_embeddings=use_appearance)
    return boxmot.BoostTrack(use_cmc=False, use_embeddings=use_appearance)


def _stack(embeddings: Sequence[Embedding | None]) -> torch.Tensor:
    return torch.from_numpy(np.stack([embedding for embedding in embeddings if embedding is not None]))
