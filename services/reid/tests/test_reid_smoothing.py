"""Boxes as published: where the detector errs for a moment, the boxes around that moment know better."""

from dataclasses import replace

import numpy as np
import pytest
from spoton_reid.association import (
    Associator,
    Bucket,
    LabelledBucket,
    Observation,
    Scene,
    SceneCamera,
    SmoothingParameters,
)
from spoton_reid.association.smoothing import collect_boxes
from spoton_reid.association.tracklets import Tracklet
from spoton_reid.association.values import Box

FPS = 10.0
CAMERA = SceneCamera("c0", np.diag([0.01, 0.01, 1.0]), (1000, 1000))
PARAMETERS = SmoothingParameters()


def whole(frame: int) -> Box:
    """Somebody who walks to the right and comes nearer."""
    return 100.0 + 5 * frame, 200.0, 140.0 + 6 * frame, 320.0 + 2 * frame


def seen(frame: int, box: Box | None = None, confidence: float = 0.5, **changes: object) -> Observation:
    embedding = np.eye(16, dtype=np.float32)[0] if frame % 3 == 0 else None
    found = Observation("c0", 1, box or whole(frame), confidence, 1.0, embedding, (3.0, 0.1 * frame))
    return replace(found, **changes)  # type: ignore[arg-type]


def publish(observations: list[Observation], fps: float = FPS) -> list[LabelledBucket]:
    associator, published = Associator(Scene(fps, (CAMERA,))), []
    for frame, observation in enumerate(observations):
        published += associator.feed(Bucket(frame, (observation,)))[0]
    return published + associator.finish()[0]


def left_half(box: Box) -> Box:
    x1, y1, x2, y2 = box
    return x1, y1, (x1 + x2) / 2, y2


def walk(path: list[Box], frames: list[int] | None = None) -> Tracklet:
    tracklet = Tracklet(0, 1, 0, name=7)
    for frame in frames or range(len(path)):
        tracklet.add(frame, seen(frame, path[frame]), (np.nan, np.nan))
    return tracklet


def test_half_a_person_for_three_frames_is_published_whole() -> None:
    found = [seen(f, left_half(whole(f))) if 30 <= f < 33 else seen(f) for f in range(60)]
    published = publish(found)
    assert [bucket.boxes[0] for bucket in published[:28]] == [whole(frame) for frame in range(28)]
    for frame in (30, 31, 32):
        assert published[frame].boxes[0] == pytest.approx(whole(frame), abs=4)
        assert published[frame].observations[0].bbox_xyxy == left_half(whole(frame))


@pytest.mark.parametrize("believed", [{"confidence": 0.8}, {"at_border": True}])
def test_who_is_seen_well_or_at_the_border_keeps_the_box(believed: dict[str, object]) -> None:
    half = left_half(whole(30))
    found = [seen(f, half, **believed) if f == 30 else seen(f) for f in range(60)]  # type: ignore[arg-type]
    assert publish(found)[30].boxes[0] == half


def test_a_stranger_to_all_names_keeps_the_box() -> None:
    found = [seen(f, left_half(whole(f)), embedding=None) for f in range(3)]
    assert [bucket.boxes[0] for bucket in publish(found)] == [left_half(whole(frame)) for frame in range(3)]


def test_a_gap_is_filled_with_the_body_and_not_with_its_visible_half() -> None:
    found = [seen(f) for f in range(60)]
    found[29], found[34] = seen(29, left_half(whole(29))), seen(34, left_half(whole(34)))
    associator, filled = Associator(Scene(FPS, (CAMERA,))), dict[int, Box]()
    published = []
    for frame, observation in enumerate(found):
        published += associator.feed(Bucket(frame, () if 30 <= frame < 34 else (observation,)))[0]
    for bucket in published + associator.finish()[0]:
        for box in bucket.filled:
            filled[bucket.global_frame_index] = box.bbox_xyxy
    assert sorted(filled) == [30, 31, 32, 33]
    for frame, box in filled.items():
        assert box == pytest.approx(whole(frame), abs=8)


def test_a_path_is_known_only_where_boxes_are_near_and_reaches_no_farther_than_they() -> None:
    found = collect_boxes([walk([whole(f) for f in range(40)], [*range(10), *range(30, 40)])], 0, 39)
    assert found.smooth(20, [(0, 7)], FPS, PARAMETERS) == {}
    assert found.smooth(5, [(0, 8), (1, 7)], FPS, PARAMETERS) == {}
    inside, beyond = found.smooth(5, [(0, 7)], FPS, PARAMETERS)[0, 7], found.smooth(11, [(0, 7)], FPS, PARAMETERS)[0, 7]
    assert inside == pytest.approx(whole(5))
    assert beyond[2] <= whole(9)[2]


def test_boxes_that_were_filled_in_say_nothing_about_a_path() -> None:
    frames = [f for f in range(40) if not 15 <= f < 20]
    tracklet = walk([whole(f) for f in range(40)], frames)
    tracklet.frames.insert(15, 15)
    for values, value in ((tracklet.boxes, (0.0, 0.0, 1.0, 1.0)), (tracklet.confidences, 1.0)):
        values.insert(15, value)  # type: ignore[arg-type]
    tracklet.filled.append(15)
    found = collect_boxes([tracklet], 10, 30)
    assert found.confidences[0, 5] == 0
    assert found.smooth(17, [(0, 7)], FPS, PARAMETERS)[0, 7] == pytest.approx(whole(17))


def test_at_a_low_rate_the_boxes_next_to_a_moment_are_asked() -> None:
    half = left_half(whole(10))
    found = [seen(f, half) if f == 10 else seen(f) for f in range(30)]
    assert publish(found, fps=5.0)[10].boxes[0] == pytest.approx(whole(10), abs=5)
