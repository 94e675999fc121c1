"""What is drawn into videos: pixels change where they should, and nowhere else."""

import re
from pathlib import Path

import numpy as np
import pytest
import spoton_gateway
from spoton_gateway.api.models import EventView
from spoton_gateway.videos import lettering
from spoton_gateway.videos.canvas import Canvas
from spoton_gateway.videos.captions import SHOWN_S, Footer, actions_at, captions_at
from spoton_gateway.videos.colours import UNKNOWN, of_identity, to_yuv, yuv
from spoton_gateway.videos.floor import Floor, extent_of, inset_cell
from spoton_gateway.videos.motion import Seen, Track, Walk, place_at, seen_at
from spoton_gateway.videos.overlay import Pen, annotate, blurred_region, hide, words


def grey(width: int = 320, height: int = 240) -> Canvas:
    canvas, memory = Canvas.new(width, height, wide=False)
    memory[:] = 128
    return canvas


def changed(canvas: Canvas) -> np.ndarray:
    """Tell for each 2 x 2 pixels whether anything was drawn there."""
    rows, columns = canvas.u.shape
    luma = (canvas.y.reshape(rows, 2, columns, 2) != 128).any(axis=(1, 3))
    return luma | (canvas.u != 128) | (canvas.v != 128)


def person(box: tuple[float, float, float, float], global_id: int | None = 1) -> Seen:
    return Seen(1, "person", box, global_id)


def event(kind: str, start_s: float, end_s: float | None = None, global_id: int | None = 1) -> EventView:
    values = dict.fromkeys(EventView.model_fields)
    return EventView.model_construct(
        **{**values, "type": kind, "text": kind, "start_s": start_s, "end_s": end_s, "global_id": global_id}
    )


def test_colours_are_those_of_the_web_page() -> None:
    page = (Path(spoton_gateway.__file__).parent / "web" / "story.js").read_text()
    assert "hsl(${(id * 137.508) % 360} 85% 62%)" in page
    assert re.search(r'id == null \? "#(\w+)"', page)[1] == "".join(f"{value:02x}" for value in UNKNOWN)  # type: ignore[index]
    assert of_identity(None) == UNKNOWN
    assert of_identity(0) == (240, 76, 76)  # hsl(0 85% 62%), worked out by hand: 0.62 ± 0.85 · 0.38
    assert len({of_identity(identity) for identity in range(1, 60)}) == 59


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [((0, 0, 0), (16, 128, 128)), ((255, 255, 255), (235, 128, 128)), ((255, 0, 0), (82, 90, 240))],
)
def test_colours_as_the_standard_has_them(rgb: tuple[int, int, int], expected: tuple[int, int, int]) -> None:
    assert np.abs(np.subtract(yuv(rgb, wide=False), expected)).max() <= 1
    assert to_yuv(np.zeros((2, 2, 3), np.uint8), wide=True).shape == (2, 2, 3)


def test_an_outline_is_where_it_should_be_and_nowhere_else() -> None:
    canvas = grey()
    canvas.outline((40, 60, 120, 180), of_identity(1), 2)
    there = changed(canvas)
    assert there[30, 20:60].all()  # above
    assert there[89:91, 20:60].any(axis=0).all()  # below
    assert there[30:90, 20].all()  # left
    assert there[30:90, 59:61].any(axis=1).all()  # right
    assert not there[31:89, 21:59].any()  # inside
    there[29:91, 19:61] = False
    assert not there.any()
    assert tuple(int(plane[30, 40]) for plane in (canvas.u, canvas.v)) != (128, 128)
    assert canvas.y[60, 80] == pytest.approx(yuv(of_identity(1), wide=False)[0], abs=1)


def test_an_outline_moves_by_parts_of_a_pixel() -> None:
    values = []
    for shift in (0.0, 0.25, 0.5):
        canvas = grey()
        canvas.outline((40 + shift, 60, 120, 180), (255, 255, 255), 1)
        values.append((int(canvas.y[120, 39]), int(canvas.y[120, 40])))
    left, right = zip(*values, strict=True)
    assert left[0] > left[1] > left[2] == 128
    assert right[0] < right[1] < right[2]


@pytest.mark.parametrize(
    "box", [(-50, -50, 20, 20), (300, 200, 500, 400), (-9, -9, 999, 999), (-50, 0, -20, 9), (5, 5, 5, 5)]
)
def test_what_does_not_fit_is_cut_off(box: tuple[float, float, float, float]) -> None:
    canvas = grey()
    annotate(canvas, [person(box)], {1: "running"}, Pen.of(14))
    canvas.blur(box, 3)
    assert canvas.y.shape == (240, 320)


def test_dashes_are_gaps() -> None:
    solid, dashed = grey(), grey()
    solid.outline((40, 60, 120, 180), UNKNOWN, 2)
    dashed.outline((40, 60, 120, 180), UNKNOWN, 2, dash=8)
    assert 0.3 < changed(dashed).sum() / changed(solid).sum() < 0.8


def test_a_label_stands_above_its_box_and_two_do_not_cover_each_other() -> None:
    canvas = grey()
    annotate(canvas, [person((40, 60, 120, 180))], {}, Pen.of(14))
    top = (60 - lettering.line_height(14)) // 2
    assert changed(canvas)[top + 2 : 29, 21:50].mean() > 0.9
    one, both = changed(canvas).sum(), grey()
    annotate(both, [person((40, 60, 120, 180)), person((42, 62, 122, 182), 2)], {}, Pen.of(14))
    assert changed(both).sum() > 1.5 * one


def test_labels_tell_class_identity_and_action() -> None:
    assert words(person((0, 0, 1, 1), 3), {3: "walking"}) == "person 3 · walking"
    assert words(person((0, 0, 1, 1), 3), {}) == "person 3"
    assert words(person((0, 0, 1, 1), None), {3: "walking"}) == "person ?"
    assert words(Seen(1, "bottle", (0, 0, 1, 1), None), {}) == "bottle"


def test_blurring_leaves_nothing_to_recognise_and_the_rest_as_it_is() -> None:
    canvas = grey()
    noise = np.random.default_rng(1).integers(0, 255, canvas.y.shape, dtype=np.uint8)
    canvas.y[:] = noise
    hide(canvas, [person((100, 40, 160, 200))], "people")
    x1, y1, x2, y2 = 94, 24, 166, 216
    inside = canvas.y[y1:y2, x1:x2].astype(float)
    assert inside.std() < 0.2 * noise.std()
    assert np.abs(np.diff(inside, axis=1)).max() < 12  # no edge is left
    canvas.y[y1:y2, x1:x2] = noise[y1:y2, x1:x2]
    assert (canvas.y == noise).all()


def test_faces_are_the_upper_part_of_people() -> None:
    standing = blurred_region(person((100, 0, 150, 200)), "faces")
    assert standing[1] < 0
    assert 50 < standing[3] < 70
    sitting = blurred_region(person((100, 0, 200, 120)), "faces")  # cut off by a table
    assert sitting[3] > 75
    assert blurred_region(person((100, 0, 150, 200)), "people")[3] > 200


def test_between_two_pictures_a_box_moves_evenly_and_over_a_gap_there_is_none() -> None:
    track = Track(1, "person", [0.0, 0.1, 2.0], [(0, 0, 10, 10), (10, 0, 20, 10), (90, 0, 99, 10)], [1, 1, 2])

    def at(time_s: float, bridge_s: float = 0.2, hold_s: float = 0.05) -> list[tuple[float, int | None]]:
        return [(seen.box[0], seen.global_id) for seen in seen_at([track], time_s, bridge_s, hold_s)]

    assert at(0.05) == [(5.0, 1)]
    assert at(0.1) == [(10.0, 1)]
    assert at(0.14) == [(10.0, 1)]
    assert at(1.0) == []
    assert at(1.97) == [(90.0, 2)]
    assert at(2.04) == [(90.0, 2)]
    assert at(-0.04) == [(0.0, 1)]
    assert at(2.2) == []
    assert at(1.05, bridge_s=3.0) == [(pytest.approx(50.0), 1)]  # who is blurred stays blurred


def test_places_on_the_floor_are_followed_alike() -> None:
    walk = Walk(1, [0.0, 1.0, 9.0], [(0, 0), (2, 4), (5, 5)])
    assert place_at(walk, 0.5, 1.0) == (1, 2)
    assert place_at(walk, 1.4, 1.0) == (2, 4)
    assert place_at(walk, 5.0, 1.0) is None
    assert place_at(walk, 9.6, 1.0) is None
    assert place_at(Walk(1, [], []), 0.0, 1.0) is None


def test_actions_stand_at_the_box_and_events_in_the_line_below_for_a_while() -> None:
    events = [
        event("walking", 0, 5),
        event("standing", 5),
        event("loitering", 6, 9),
        event("zone_entered", 2),
        event("met", 3, 60),
    ]
    assert actions_at(events, 1) == {1: "walking"}
    assert actions_at(events, 5.5) == {1: "standing"}
    assert actions_at(events, 7) == {1: "loitering"}
    assert [e.type for e in captions_at(events, 3.1)] == ["zone_entered", "met"]
    assert captions_at(events, 3 + SHOWN_S) == []
    assert captions_at([event("camera_health", 1, global_id=None), event("occupancy_changed", 1)], 1) == []
    assert len(captions_at([event(f"e{i}", 1) for i in range(9)], 1)) == 3


def test_the_footer_is_drawn_anew_only_when_it_changes() -> None:
    canvas = grey(320, 48)
    footer = Footer(canvas, "c1", 12)
    footer.draw([event("zone_entered", 1)], 1.2)
    shown = canvas.y.copy()
    assert (shown != 16).any()
    canvas.y[:] = 7
    footer.draw([event("zone_entered", 1)], 1.6)
    assert (canvas.y == 7).all()
    footer.draw([], 1.9)
    assert (canvas.y != shown).any()


def test_the_floor_shows_people_where_they_are() -> None:
    scene = {"zones": [{"id": "door", "polygon": [{"x_m": x, "y_m": y} for x, y in ((0, 0), (9, 0), (9, 4), (0, 4))]}]}
    extent = extent_of(scene, None, None)
    assert extent == (-1, -1, 10, 5)
    cell = inset_cell(extent, 1280, 720, "lower_left")
    assert (cell.x, cell.y + cell.height, cell.width % 2) == (16, 704, 0)
    picture = grey(220, 120)
    floor = Floor(picture.part(0, 0, 220, 120), scene, extent, None, inset=False)
    floor.draw([], 0.0, 1.0)
    empty = picture.y.copy()
    floor.draw([Walk(7, [0.0], [(4.5, 2.0)])], 0.0, 1.0)
    rows, columns = np.nonzero(picture.y.astype(int) - empty)
    assert (rows.mean(), columns.mean()) == (pytest.approx(60, abs=2), pytest.approx(110, abs=2))
    assert extent_of({}, None, None) is None
