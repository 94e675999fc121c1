from spoton_reid.stages.track_ids import TrackIds


def test_ids_run_through_all_classes_in_order_of_appearance() -> None:
    ids = TrackIds()
    assert ids.name("bottle", [1], 0) == [1]
    assert ids.name("person", [1, 2], 0) == [2, 3]
    assert ids.name("person", [2, 7], 1) == [3, 4]


def test_ended_tracks_are_forgotten_and_their_ids_never_come_again() -> None:
    ids = TrackIds()
    ids.name("person", [1, 2], 0)
    ids.name("person", [2], 60)
    assert ids.forget(40, keep=50) == []
    assert ids.forget(60, keep=50) == [1]
    assert ids.forget(61, keep=50) == []
    assert ids.name("person", [1, 2], 61) == [3, 2]
