"""Truth in place of a stage's own work, to see what the stage costs."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from spoton_reid.tracking import Tracker
from spoton_reid.tracking.base import Embedding

from spoton_evaluation.matching import annotated_frames, match_pairs, pairwise_iou
from spoton_evaluation.motchallenge import BoxTable
from spoton_evaluation.offline.export import Published, PublishedBox

Boxes = NDArray[np.float64]

_TRACK_PATIENCE_S = 1.0  # out of a camera's sight for longer, a person begins a new true track


@dataclass(frozen=True, slots=True)
class TrueFrame:
    """Who is in a picture: (N,) identities, (N, 4) x y w h, (N,) visibilities."""

    identities: NDArray[np.int64]
    boxes_xywh: Boxes
    visibilities: Boxes


_NOBODY = TrueFrame(np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros(0))


class CameraTruth:
    """The truth of one camera at every frame (from 0); between annotated frames, boxes are interpolated."""

    def __init__(self, table: BoxTable) -> None:
        frames = annotated_frames(table)
        stride = int(frames[1] - frames[0]) if len(frames) > 1 else 1
        rows: dict[int, list[tuple[int, Boxes, float]]] = defaultdict(list)
        known = {(int(f), int(i)): row for row, (f, i) in enumerate(zip(table.frames, table.identities, strict=True))}
        for (frame, identity), row in known.items():
            following = known.get((frame + stride, identity), row)
            for step in range(stride if following != row else 1):
                share = step / stride
                box = (1 - share) * table.boxes_xywh[row] + share * table.boxes_xywh[following]
                visible = (1 - share) * table.visibilities[row] + share * table.visibilities[following]
                rows[frame - 1 + step].append((identity, box, float(visible)))
        self._frames = {frame: _true_frame(people) for frame, people in rows.items()}

    def at(self, frame: int) -> TrueFrame:
        """Return who is in a picture."""
        return self._frames.get(frame, _NOBODY)

    def name(self, frame: int, boxes_xywh: Boxes) -> list[int | None]:
        """Say whom each of the given boxes shows, at most one box a person."""
        truth = self.at(frame)
        named: list[int | None] = [None] * len(boxes_xywh)
        for row, column in match_pairs(pairwise_iou(truth.boxes_xywh, boxes_xywh)):
            named[column] = int(truth.identities[row])
        return named


class TrueTracker(Tracker):
    """Gives boxes to tracks by whom they show; boxes of nobody get no track."""

    def __init__(self, truth: CameraTruth, fps: float) -> None:
        self._truth = truth
        self._patience = round(_TRACK_PATIENCE_S * fps)
        self._open: dict[int, tuple[int, int]] = {}  # person → track, last frame
        self._tracks = 0

    def _link(
        self,
        frame_index: int,
        boxes_xyxy: NDArray[np.float32],
        confidences: NDArray[np.float32],  # noqa: ARG002 - the truth needs none
        class_ids: NDArray[np.int64],  # noqa: ARG002
        embeddings: Sequence[Embedding | None],  # noqa: ARG002
    ) -> list[tuple[int, int]]:
        linked = []
        for index, person in enumerate(self._truth.name(frame_index, to_xywh(boxes_xyxy))):
            if person is None:
                continue
            track, last = self._open.get(person, (0, -self._patience - 1))
            if frame_index - last > self._patience:
                self._tracks += 1
                track = self._tracks
            self._open[person] = track, frame_index
            linked.append((index, track))
        return linked

    def snapshot(self) -> bytes:
        """Tell nothing: true tracks are for one run in one process."""
        return b""

    def restore(self, snapshot: bytes) -> None:
        """Do nothing."""


def with_true_links(published: Published, truth: dict[str, CameraTruth]) -> Published:
    """Give every track the person whom most of its boxes show; tracks of nobody lose their identity."""
    boxes = {}
    for camera_id, found in published.boxes.items():
        people = {track: votes.most_common(1)[0][0] for track, votes in track_votes(found, truth[camera_id]).items()}
        boxes[camera_id] = [
            replace(
                box,
                track=replace(box.track, global_id=people.get(box.track.track_id)),
                revised=people.get(box.track.track_id),
            )
            for box in found
        ]
    return replace(published, boxes=boxes, places=[], changes=[])


def track_votes(boxes: Sequence[PublishedBox], truth: CameraTruth) -> dict[int, "Counter[int]"]:
    """Count by track whom its boxes show; boxes of nobody do not count."""
    by_frame: dict[int, list[PublishedBox]] = defaultdict(list)
    for box in boxes:
        by_frame[box.frame].append(box)
    votes: dict[int, Counter[int]] = {}
    for frame, here in by_frame.items():
        corners = np.array([box.track.bbox_xyxy for box in here], np.float64)
        for box, person in zip(here, truth.name(frame, to_xywh(corners)), strict=True):
            if person is not None:
                votes.setdefault(box.track.track_id, Counter())[person] += 1
    return votes


def purity(published: Published, truth: dict[str, CameraTruth]) -> float:
    """Share of boxes, in percent, that show the person whom most of their track shows."""
    votes = [v for camera_id, boxes in published.boxes.items() for v in track_votes(boxes, truth[camera_id]).values()]
    total = sum(vote.total() for vote in votes)
    return round(100 * sum(max(vote.values()) for vote in votes) / max(total, 1), 2)


def to_xywh(corners: NDArray[np.floating]) -> Boxes:
    """Turn (N, 4) corners into x y w h."""
    boxes = np.asarray(corners, np.float64).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def _true_frame(people: list[tuple[int, Boxes, float]]) -> TrueFrame:
    identities, boxes, visibilities = zip(*people, strict=True)
    return TrueFrame(np.array(identities, np.int64), np.array(boxes), np.array(visibilities))
