"""Trackers: stable ids, ending at ambiguity, snapshots, bad input."""

import numpy as np
import pytest
from spoton_reid.errors import DetectionShapeError, MissingExtraError, SnapshotError, UnknownTrackerError
from spoton_reid.tracking import TRACKER_NAMES, Track, Tracker, create_tracker

Boxes = list[tuple[float, float, float, float]]


def person(x: float, y: float = 50) -> tuple[float, float, float, float]:
    return (x, y, x + 40, y + 100)


def step(tracker: Tracker, frame: int, boxes: Boxes, confidences: list[float] | None = None) -> list[Track]:
    count = len(boxes)
    return tracker.update(
        frame,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(confidences or [0.9] * count, np.float32),
        np.zeros(count, np.int64),
        [None] * count,
    )


def walk(frame: int) -> Boxes:
    """Two people who walk past each other, and one who stands."""
    return [person(100 + 3 * frame), person(400 - 3 * frame), person(520, 200)]


@pytest.mark.parametrize("name", TRACKER_NAMES)
def test_restored_tracker_continues_like_the_uninterrupted_one(name: str) -> None:
    whole, first, second = (create_tracker(name, fps=25) for _ in range(3))
    expected = [step(whole, frame, walk(frame)) for frame in range(60)]
    found = [step(first, frame, walk(frame)) for frame in range(30)]
    second.restore(first.snapshot())
    found += [step(second, frame, walk(frame)) for frame in range(30, 60)]
    assert found == expected
    assert any(expected[-1])
    assert min(track.track_id for tracks in expected for track in tracks) == 1


@pytest.mark.parametrize("name", TRACKER_NAMES)
def test_tracks_carry_the_detections_own_boxes(name: str) -> None:
    tracker = create_tracker(name, fps=25)
    for frame in range(5):
        tracks = step(tracker, frame, walk(frame))
    assert len({track.track_id for track in tracks}) == len(tracks) == 3
    for track in tracks:
        assert track.bbox_xyxy == pytest.approx(walk(4)[track.detection_index])
    assert step(tracker, 5, []) == []


def test_tracklet_ends_where_two_people_meet() -> None:
    tracker = create_tracker("tracklet", fps=25)
    before = {t.track_id for f in range(40) for t in step(tracker, f, walk(f)[:2])}
    meeting = {t.track_id for f in range(40, 70) for t in step(tracker, f, walk(f)[:2])}
    after = {t.track_id for f in range(70, 90) for t in step(tracker, f, walk(f)[:2])}
    assert len(before) == 2
    assert not before & after
    assert meeting - before


def test_weak_boxes_continue_a_tracklet_but_start_none() -> None:
    tracker = create_tracker("tracklet", fps=25)
    assert step(tracker, 0, [person(100)], [0.2]) == []
    (started,) = step(tracker, 1, [person(100)], [0.8])
    (continued,) = step(tracker, 2, [person(101)], [0.2])
    assert continued.track_id == started.track_id
    assert step(tracker, 3, [person(102)], [0.05]) == []


def test_tracklet_ends_after_its_patience() -> None:
    tracker = create_tracker("tracklet", fps=25)
    (first,) = step(tracker, 0, [person(100)])
    (bridged,) = step(tracker, 5, [person(100)])
    (late,) = step(tracker, 11, [person(100)])
    assert bridged.track_id == first.track_id
    assert late.track_id != first.track_id


def test_bad_input_is_named() -> None:
    with pytest.raises(UnknownTrackerError, match="botsort"):
        create_tracker("deepsort", fps=25)
    tracker = create_tracker("tracklet", fps=25)
    with pytest.raises(DetectionShapeError, match="frame 7"):
        tracker.update(7, np.zeros((2, 4), np.float32), np.zeros(1, np.float32), np.zeros(2, np.int64), [])
    with pytest.raises(SnapshotError):
        tracker.restore(b"no snapshot")
    with pytest.raises(SnapshotError, match="tracklet"):
        tracker.restore(create_tracker("bytetrack", fps=25).snapshot())
    appearance = create_tracker("botsort", fps=25, use_appearance=True)
    assert appearance.needs_embeddings
    with pytest.raises(DetectionShapeError, match="embedding"):
        step(appearance, 0, [person(100)])


def test_only_boxmots_trackers_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spoton_reid.tracking.loading.find_spec", lambda _name: None)
    create_tracker("tracklet", fps=25)
    with pytest.raises(MissingExtraError, match=r"spoton-reid\[torch\]"):
        create_tracker("botsort", fps=25)
