"""Cameras between which nobody gets are solved apart."""

from spoton_reid.association.places import Places

NOWHERE = (float("nan"), float("nan"))


def test_places_grow_together_as_feet_come_nearer() -> None:
    places = Places(4)
    for camera, x in enumerate((0.0, 10.0, 100.0)):
        places.see(camera, (x, 5.0))
    assert places.apart(20.0) == [(0, 1), (2,), (3,)], "camera 3 has seen nobody"
    places.see(2, NOWHERE)
    assert places.apart(89.0) == [(0, 1), (2,), (3,)]
    assert places.apart(90.0) == [(0, 1, 2), (3,)]
    places.see(3, (55.0, -10.0))
    assert places.apart(44.0) == [(0, 1), (2,), (3,)]
    assert places.apart(45.0) == [(0, 1, 2, 3)], "one joins the two beside it"


def test_people_without_feet_may_be_anywhere() -> None:
    places = Places(3)
    places.see(0, (0.0, 0.0))
    places.see(1, (1000.0, 0.0))
    assert places.apart(10.0) == [(0,), (1,), (2,)]
    places.see(2, NOWHERE)
    assert places.apart(10.0) == [(0, 1, 2)]
    places.see(2, (500.0, 0.0))
    assert places.apart(10.0) == [(0,), (1,), (2,)]


def test_no_cameras_no_places() -> None:
    assert Places(0).apart(1.0) == []
    assert Places(1).apart(1.0) == [(0,)]
