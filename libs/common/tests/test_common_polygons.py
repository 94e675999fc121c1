import numpy as np
import pytest
from spoton_common.geometry import FloorArea, FloorLine, PolygonError

L_SHAPE = [(0.0, 0.0), (4.0, 0.0), (4.0, 1.0), (1.0, 1.0), (1.0, 4.0), (0.0, 4.0)]


def test_points_inside_outside_and_on_the_boundary() -> None:
    area = FloorArea(L_SHAPE)
    points = [(0.5, 0.5), (3.0, 0.5), (2.0, 2.0), (4.0, 0.5), (0.0, 0.0), (-0.1, 0.0), (np.nan, 1.0)]
    assert area.contains(points).tolist() == [True, True, False, True, True, False, False]
    assert area.contains(np.empty((0, 2))).tolist() == []
    assert area.area_m2 == 7.0


def test_the_first_corner_may_be_repeated_and_the_order_be_either() -> None:
    assert FloorArea([*L_SHAPE, L_SHAPE[0]]).contains([(0.5, 3)])[0]
    assert FloorArea(L_SHAPE[::-1]).contains([(0.5, 3)])[0]


@pytest.mark.parametrize(
    ("vertices", "message"),
    [
        ([(0, 0), (1, 1)], "at least 3"),
        ([(0, 0), (1, 1), (0, 0), (1, 1)], "at least 3"),
        ([(0, 0), (1, 1), (2, 2)], "not a simple polygon"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "Self-intersection"),
        ([(0, 0), (1, 1), (1, float("inf"))], "finite"),
    ],
)
def test_degenerate_polygons_are_refused(vertices: list[tuple[float, float]], message: str) -> None:
    with pytest.raises(PolygonError, match=message):
        FloorArea(vertices)


def test_crossing_directions() -> None:
    # From (0, 0) to (4, 0): with y drawn downwards, the left of it is y < 0.
    wire = FloorLine((0.0, 0.0), (4.0, 0.0))
    before = [(1, -1), (1, 1), (5, -1), (1, 1), (1, -1), (np.nan, 0)]
    after = [(1, 1), (1, -1), (5, 1), (2, 1), (3, 1), (1, 1)]
    assert wire.crossings(before, after).tolist() == [1, -1, 0, 0, 1, 0]


def test_a_stop_on_the_line_counts_once() -> None:
    wire = FloorLine((0.0, 0.0), (4.0, 0.0))
    walk = np.array([(1, -1), (1, 0), (1, 0), (1, 1)], dtype=float)
    assert wire.crossings(walk[:-1], walk[1:]).tolist() == [1, 0, 0]


def test_chained_lines_count_a_crossing_at_their_joint_once() -> None:
    lines = [FloorLine((0.0, 0.0), (2.0, 0.0)), FloorLine((2.0, 0.0), (4.0, 0.0))]
    assert sum(int(line.crossings([(2, -1)], [(2, 1)])[0]) for line in lines) == 1


@pytest.mark.parametrize(("end", "message"), [((1.0, 1.0), "two different ends"), ((np.nan, 0.0), "finite")])
def test_degenerate_lines_are_refused(end: tuple[float, float], message: str) -> None:
    with pytest.raises(PolygonError, match=message):
        FloorLine((1.0, 1.0), end)
