"""The adaptive mode: which pictures are looked at, and that nothing but the stream decides it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from spoton_common.runtime.stage import Output, Rejection
from spoton_detector.crops import Cropper
from spoton_detector.detector import FrameDetections
from spoton_detector.looks import LookPlan
from spoton_detector.stage import DetectorStage
from spoton_schemas.records import Detections, Kind

Jpeg = Callable[..., bytes]
PLAN = LookPlan(usual_s=0.3, empty_s=0.5)


def found(*boxes: tuple[int, int, int, int], score: float = 0.9) -> FrameDetections:
    count = len(boxes)
    return FrameDetections(
        np.array(boxes, np.float32).reshape(-1, 4), np.full(count, score, np.float32), np.zeros(count, np.int64)
    )


@pytest.mark.parametrize(
    ("seen", "gap"),
    [
        (found(), 5),
        (found((0, 0, 10, 30), score=0.2), 5),
        (found((0, 0, 10, 30)), 3),
        (found((0, 0, 10, 30), (5, 0, 15, 30)), 3),
    ],
)
def test_the_gap_follows_what_is_seen(seen: FrameDetections, gap: int) -> None:
    assert PLAN.gap(seen, 10.0) == gap


def test_a_slow_camera_is_always_looked_at() -> None:
    assert PLAN.gap(found(), 1.0) == 1


@pytest.fixture
def make_stage(fake_detector: Any) -> Callable[[], DetectorStage]:
    return lambda: DetectorStage(fake_detector, Cropper(8, 16, 95), max_pixels=10_000, workers=2, looks=PLAN)


def records_of(outputs: Sequence[Output | Rejection]) -> list[Detections]:
    return [output.record for output in outputs if isinstance(output, Output)]


def looked_at(records: Sequence[Detections], camera_id: str = "c0") -> list[int]:
    return [r.camera_frame_index for r in records if r.camera_id == camera_id and r.kind is Kind.FRAME and r.observed]


def test_every_picture_is_answered_and_some_are_looked_at(
    make_stage: Callable[[], DetectorStage], stream: Any, jpeg: Jpeg
) -> None:
    camera = stream()
    records = [camera.start(), *(camera.frame(tick, jpeg(10)) for tick in range(10)), camera.end(10)]
    answers = records_of(make_stage().feed(records))
    assert [(r.kind, r.global_frame_index) for r in answers] == [(r.kind, r.global_frame_index) for r in records]
    assert looked_at(answers) == [0, 3, 6, 9]
    assert all(len(r.detections) == (1 if r.observed else 0) for r in answers if r.kind is Kind.FRAME)


def test_neither_batches_nor_other_cameras_nor_a_restart_change_the_looks(
    make_stage: Callable[[], DetectorStage], stream: Any, jpeg: Jpeg
) -> None:
    a, b = stream("a"), stream("b", classes=("bottle",))
    records = [a.start(), b.start()]
    for tick in range(12):
        records += [a.frame(tick, jpeg(10)), b.frame(tick, jpeg(10 * tick))]
    together = records_of(make_stage().feed(records))
    one_by_one, stage = [], make_stage()
    for number, record in enumerate(records):
        one_by_one += records_of(stage.feed([record]))
        if number > 1:
            after = make_stage()
            for key in ("t0/a", "t0/b"):
                after.restore(key, stage.snapshot(key))
            stage = after
    assert one_by_one == together
    assert looked_at(together, "a") == [0, 3, 6, 9]
    assert looked_at(together, "b") != looked_at(together, "a")


def test_a_broken_picture_is_followed_by_a_look(
    make_stage: Callable[[], DetectorStage], stream: Any, jpeg: Jpeg
) -> None:
    camera = stream()
    pictures = [jpeg(10), jpeg(10), jpeg(10), b"nonsense", jpeg(10), jpeg(10)]
    outputs = make_stage().feed([camera.start(), *(camera.frame(i, p) for i, p in enumerate(pictures))])
    assert [output.reason for output in outputs if isinstance(output, Rejection)] == ["bad_image"]
    assert looked_at(records_of(outputs)) == [0, 3, 4]
