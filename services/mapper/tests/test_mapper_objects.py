"""Objects that are picked up and put back, from boxes written by hand."""

import pickle
from collections.abc import Callable, Iterable

import pytest
from spoton_mapper.objects import ObjectEvents
from spoton_schemas.records import (
    CameraMapPoints,
    Event,
    Kind,
    MappedTrack,
    MapPoints,
    Scene,
    SceneCamera,
    TaskStart,
)

FPS = 10
START = TaskStart(Scene("room", "Room", FPS, (SceneCamera("c0"),), ("person", "bottle", "cup")), ("c0",), 0)
CENTRE = (300.0, 100.0, 340.0, 200.0)
BESIDE = (420.0, 100.0, 460.0, 200.0)
HAND = (280.0, 0.0, 360.0, 210.0)

Box = tuple[float, float, float, float]
Boxes = dict[int, tuple[str, Box]]
Script = Callable[[float], Boxes]
"""What is seen at a second of the clip: class and box by track id."""


def picture(index: int, boxes: Boxes, kind: Kind = Kind.FRAME) -> MapPoints:
    tracks = tuple(
        MappedTrack(
            track_id=track_id,
            bbox_xyxy=box,
            confidence=0.8,
            class_id=0,
            class_name=name,
            global_id=7 if name == "person" else None,
            map_x_m=1.0 if name == "person" else None,
            map_y_m=2.0 if name == "person" else None,
        )
        for track_id, (name, box) in boxes.items()
    )
    camera = CameraMapPoints(
        camera_id="c0",
        camera_frame_index=index,
        event_time_us=index * 1_000_000 // FPS,
        image_width=640,
        image_height=360,
        tracks=tracks,
    )
    return MapPoints(
        task_id="task",
        environment_id="room",
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=index,
        event_time_us=camera.event_time_us,
        cameras=(camera,) if kind is Kind.FRAME else (),
    )


def watch(script: Script, length_s: float, machine: ObjectEvents | None = None) -> list[Event]:
    machine = machine or ObjectEvents(START)
    count = round(length_s * FPS)
    events = [event for index in range(count) for event in machine.feed(picture(index, script(index / FPS)))]
    return events + machine.finish(picture(count, {}, Kind.END_OF_TASK))


def told(events: Iterable[Event]) -> list[tuple[str, float]]:
    """Return type and second of each event, in the order of time."""
    return sorted(((event.type, event.event_time_us / 1e6) for event in events), key=lambda pair: pair[1])


def shifted(box: Box, x: float, y: float = 0.0) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def taken(start_s: float, end_s: float, target: Box = BESIDE, *, hand: bool = True) -> Script:
    """A bottle that is carried up, out of the picture, and back down to another place."""

    def script(time_s: float) -> Boxes:
        if time_s < start_s:
            return {1: ("bottle", CENTRE)}
        boxes: Boxes = {2: ("person", HAND)} if hand else {}
        up = 150 * min(time_s - start_s, end_s - time_s)
        if time_s >= end_s:
            boxes = {3: ("bottle", target)}
        elif up < 120:
            boxes[1] = ("bottle", shifted(CENTRE if time_s < (start_s + end_s) / 2 else target, 0, -up))
        return boxes

    return script


def both(start_s: float, end_s: float) -> list[tuple[str, object]]:
    return [
        ("object_picked_up", pytest.approx(start_s, abs=0.3)),
        ("object_put_back", pytest.approx(end_s, abs=0.3)),
    ]


def test_picked_up_and_put_back_at_another_place_with_who_did_it() -> None:
    events = watch(taken(4, 9), 15)
    assert told(events) == both(4, 9)
    assert {event.class_name for event in events} == {"bottle"}
    up = events[0]
    assert (up.global_id, up.camera_id, up.track_id) == (7, "c0", 1)
    assert up.details["by"] == "person"
    assert up.position is not None
    assert (up.position.x_m, up.position.y_m) == (1.0, 2.0)
    assert events[0].details["object"] == events[1].details["object"]


def test_put_back_nearly_where_it_was() -> None:
    assert told(watch(taken(4, 9, shifted(CENTRE, 6)), 15)) == both(4, 9)


def test_nobody_seen() -> None:
    events = watch(taken(4, 9, hand=False), 15)
    assert told(events) == both(4, 9)
    assert {(event.global_id, event.details["by"]) for event in events} == {(None, "unseen")}


def test_hand_that_hides_it_takes_nothing() -> None:
    def script(time_s: float) -> Boxes:
        return {2: ("person", HAND)} if 4 <= time_s < 12 else {1 + (time_s > 10): ("bottle", CENTRE)}

    assert watch(script, 18) == []


def test_hand_that_covers_a_part_takes_nothing() -> None:
    def script(time_s: float) -> Boxes:
        left, top, right, bottom = CENTRE
        hand = 4 <= time_s < 8
        boxes: Boxes = {1: ("bottle", (left, top + 40, right, bottom) if hand else CENTRE)}
        return {**boxes, 2: ("person", (300.0, 0.0, 340.0, 140.0))} if hand else boxes

    assert watch(script, 14) == []


def test_person_behind_it_does_not_keep_it_from_being_gone() -> None:
    def script(time_s: float) -> Boxes:
        boxes: Boxes = {2: ("person", (200.0, 0.0, 440.0, 220.0))}
        return {**boxes, 1: ("bottle", CENTRE)} if time_s < 5 else boxes

    assert told(watch(script, 12)) == [("object_picked_up", pytest.approx(5, abs=0.3))]


@pytest.mark.parametrize("gap_s", [0.3, 0.9, 2.5])
def test_flicker_is_nothing(gap_s: float) -> None:
    def script(time_s: float) -> Boxes:
        return {} if time_s > 3 and time_s % 5 < gap_s else {1: ("bottle", CENTRE)}

    assert watch(script, 30) == []


def test_changing_class_is_nothing() -> None:
    def script(time_s: float) -> Boxes:
        return {1: ("cup" if time_s % 3 < 0.7 else "bottle", CENTRE)}

    assert watch(script, 20) == []


def test_never_still_is_nothing() -> None:
    def script(time_s: float) -> Boxes:
        return {1: ("bottle", shifted(CENTRE, 25 * time_s - 100))} if time_s < 8 else {}

    assert watch(script, 14) == []


def test_appearing_for_good_is_nothing() -> None:
    assert watch(lambda time_s: {1: ("bottle", CENTRE)} if time_s > 4 else {}, 12) == []


def test_pushed_is_nothing() -> None:
    def script(time_s: float) -> Boxes:
        return {1: ("bottle", shifted(CENTRE, min(max(time_s - 4, 0) * 60, 25)))}

    assert watch(script, 12) == []


def test_alike_neighbours_are_told_apart() -> None:
    carried = taken(4, 9, shifted(CENTRE, 6))

    def script(time_s: float) -> Boxes:
        return {**carried(time_s), 11: ("bottle", shifted(CENTRE, -70)), 12: ("bottle", shifted(CENTRE, 75))}

    events = watch(script, 15)
    assert told(events) == both(4, 9)
    assert all(abs(float(event.details["bbox"].split(",")[0]) - 300) < 30 for event in events)


def test_new_track_at_every_picture_changes_nothing() -> None:
    calls = iter(range(100, 10_000))
    stable = taken(4, 9)
    assert told(watch(lambda t: {next(calls): seen for seen in stable(t).values()}, 15)) == both(4, 9)


def test_furniture_is_not_picked_up() -> None:
    table = (0.0, 120.0, 640.0, 360.0)
    assert watch(lambda time_s: {1: ("cup", table)} if time_s < 5 else {}, 15) == []


def test_end_of_task_settles_what_waited() -> None:
    assert told(watch(taken(4, 30, hand=False), 6.5)) == [("object_picked_up", pytest.approx(4, abs=0.3))]


def test_pickled_in_the_middle_goes_on_the_same() -> None:
    script, plain = taken(4, 9), watch(taken(4, 9), 15)
    machine, events = ObjectEvents(START), list[Event]()
    for index in range(15 * FPS):
        machine = pickle.loads(pickle.dumps(machine))  # noqa: S301 - its own state
        events += machine.feed(picture(index, script(index / FPS)))
    assert events == plain
    assert len({event.event_id for event in events}) == len(events)
