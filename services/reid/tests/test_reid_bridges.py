"""Boxes in gaps between two tracklets: whose they are, and that they hold nobody up."""

import pytest
from spoton_reid.association.bridges import Bridges
from spoton_reid.association.evidence import cannot_link
from spoton_reid.association.gaps import box_iou, find_gaps
from spoton_reid.association.tracklets import Tracklet
from spoton_reid.association.values import Observation

NAN = (float("nan"), float("nan"))


def tracklet(track_id: int, frames: range, name: int) -> Tracklet:
    one = Tracklet(0, track_id, 0, name=name)
    for frame in frames:
        one.add(frame, Observation("c0", track_id, (frame, 0, frame + 10, 30), 0.9, 1.0, None, None), NAN)
    return one


def bridged() -> tuple[Bridges, Tracklet, Tracklet]:
    """Person 5 before and after the frames 10 to 19, with a bridge across them."""
    before, after = tracklet(1, range(10), 5), tracklet(2, range(20, 30), 5)
    (gap,) = find_gaps([before, after], 5, 20)
    bridges = Bridges()
    assert [bridges.fill(gap, frame) for frame in range(10, 20)] == [(f, 0, f + 10, 30) for f in range(10, 20)]
    return bridges, before, after


def names(bridges: Bridges, *tracklets: Tracklet) -> dict[int, int]:
    bridges.name(sorted(tracklets, key=lambda one: one.key))
    return {frame: piece.name for piece in bridges.pieces() for frame in piece.frames}


def test_a_bridge_follows_the_tracklet_before_it() -> None:
    bridges, before, after = bridged()
    assert names(bridges, before, after) == dict.fromkeys(range(10, 20), 5)
    before.name = 7
    assert names(bridges, before, after) == dict.fromkeys(range(10, 20), 7)


def test_who_is_found_within_the_gap_takes_the_place() -> None:
    bridges, before, after = bridged()
    found = tracklet(3, range(14, 16), 5)
    assert not cannot_link([before, found, after]).any()
    expected = {frame: 0 if frame in (14, 15) else 5 for frame in range(10, 20)}
    assert names(bridges, before, found, after) == expected
    found.name = 6
    assert names(bridges, before, found, after) == dict.fromkeys(range(10, 20), 5)


def test_a_bridge_keeps_its_name_after_the_tracklet_before_it_is_final() -> None:
    bridges, before, after = bridged()
    names(bridges, before, after)
    assert bridges.retire(10) == []
    assert names(bridges, after) == dict.fromkeys(range(10, 20), 5)
    assert [piece.frames for piece in bridges.retire(15)] == [list(range(10, 15))]
    taken_over = tracklet(3, range(16, 18), 5)
    assert names(bridges, taken_over, after) == {15: 5, 16: 0, 17: 0, 18: 5, 19: 5}
    assert sum(len(piece.frames) for piece in bridges.retire(20)) == 5
    assert bridges.pieces() == []


def test_overlap_of_two_boxes() -> None:
    assert box_iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert box_iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0
