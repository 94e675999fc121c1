"""What people do on the floor, on paths that a person can follow in the head."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from spoton_common.geometry import GeometryError
from spoton_mapper.behaviour import BehaviourEvents, BehaviourParameters
from spoton_schemas.records import (
    CameraMapPoints,
    Event,
    Kind,
    MappedTrack,
    MapPoints,
    Outcome,
    PersonPosition,
    Point,
    Scene,
    SceneCamera,
    TaskStart,
    Tripwire,
    Zone,
)

FPS = 10
DOOR = Zone("door", (Point(4.0, 0.0), Point(8.0, 0.0), Point(8.0, 4.0), Point(4.0, 4.0)))
GATE = Tripwire("gate", Point(2.0, 0.0), Point(2.0, 4.0))

Place = tuple[float, float] | None
Path = Sequence[Place]


def scene(zones: Sequence[Zone] = (DOOR,), tripwires: Sequence[Tripwire] = (GATE,)) -> TaskStart:
    return TaskStart(
        Scene("e", "E", FPS, (SceneCamera("c0"),), zones=tuple(zones), tripwires=tuple(tripwires)), ("c0",), 0
    )


def mark(kind: Kind, tick: int, **content: object) -> MapPoints:
    return MapPoints(
        task_id="t",
        environment_id="e",
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=tick,
        event_time_us=tick * 1_000_000 // FPS,
        **content,  # type: ignore[arg-type]
    )


def frame(tick: int, places: dict[int, Place], tracks: dict[int, int] | None = None, revision: int = 0) -> MapPoints:
    """People by identity; ``tracks`` are their tracklets where those are not numbered alike."""
    numbers = tracks or {}
    seen = {g: p for g, p in places.items() if p is not None}
    boxes = tuple(
        MappedTrack(
            track_id=numbers.get(g, g),
            bbox_xyxy=(0, 0, 1, 1),
            confidence=0.9,
            class_id=0,
            class_name="person",
            global_id=g,
        )
        for g in seen
    )
    people = tuple(
        PersonPosition(global_id=g, x_m=x, y_m=y, vx_m_s=0, vy_m_s=0, std_m=0.1, camera_ids=("c0",))
        for g, (x, y) in sorted(seen.items())
    )
    camera = CameraMapPoints(camera_id="c0", camera_frame_index=tick, event_time_us=0, tracks=boxes)
    return mark(Kind.FRAME, tick, cameras=(camera,), people=people, identity_revision=revision)


def frames(paths: dict[int, Path]) -> Iterator[MapPoints]:
    for tick in range(max(map(len, paths.values()))):
        yield frame(tick, {g: path[tick] if tick < len(path) else None for g, path in paths.items()})


def stay(at: tuple[float, float], seconds: float) -> list[Place]:
    return [at] * round(seconds * FPS)


def walk(start: tuple[float, float], end: tuple[float, float], seconds: float) -> list[Place]:
    steps = round(seconds * FPS)
    return [
        (start[0] + (end[0] - start[0]) * k / steps, start[1] + (end[1] - start[1]) * k / steps) for k in range(steps)
    ]


def watch(paths: dict[int, Path], **parameters: float) -> list[Event]:
    """Everything that is told of some paths, in its last version, in the order in which it was first told."""
    rule = BehaviourEvents("t", scene(), BehaviourParameters(**parameters))  # type: ignore[arg-type]
    records = list(frames(paths))
    told = [event for record in records for event in rule.feed(record)]
    told += rule.finish(mark(Kind.END_OF_TASK, len(records), outcome=Outcome.COMPLETED))
    return list({event.event_id: event for event in told}.values())


def of(events: Sequence[Event], *types: str) -> list[tuple[str, int | None, int]]:
    return [(e.type, e.global_id, e.global_frame_index) for e in events if e.type in types]


def one(events: Sequence[Event], kind: str) -> Event:
    found = [event for event in events if event.type == kind]
    assert len(found) == 1, found
    return found[0]


def test_somebody_who_walks_through_a_zone_enters_and_leaves_it_once() -> None:
    events = watch({7: walk((3.0, 2.0), (9.0, 2.0), 6.0)})
    assert of(events, "zone_entered", "zone_left") == [("zone_entered", 7, 10), ("zone_left", 7, 51)]
    entered, left = one(events, "zone_entered"), one(events, "zone_left")
    assert entered.place == "door"
    assert entered.position is not None
    assert (entered.position.x_m, entered.position.y_m) == pytest.approx((4.0, 2.0))
    assert (entered.camera_id, entered.track_id, entered.seen_frame_index) == ("c0", 7, 10)
    assert entered.confidence == pytest.approx(1.0, abs=1e-3)
    assert left.details == {"dwell_s": "4.1"}


def test_swaying_on_the_boundary_is_no_entry() -> None:
    sway = [(4.0 + 0.1 * (-1) ** k, 2.0) for k in range(60)]
    assert of(watch({7: [*walk((3.0, 2.0), (3.9, 2.0), 1.0), *sway]}), "zone_entered") == []


def test_a_step_inside_and_out_again_is_no_entry() -> None:
    path = [*stay((3.5, 2.0), 1.0), *stay((4.5, 2.0), 0.4), *stay((3.5, 2.0), 1.0)]
    assert of(watch({7: path}), "zone_entered", "zone_left") == []


def test_who_is_not_seen_any_more_has_left_where_seen_last() -> None:
    paths = {7: [*walk((3.0, 2.0), (6.0, 2.0), 3.0), *[None] * 40], 8: stay((0.0, 0.0), 7.0)}
    left = one(watch(paths), "zone_left")
    assert (left.global_frame_index, left.details["lost"]) == (29, "true")


def test_a_short_gap_is_bridged() -> None:
    path = [*walk((3.0, 2.0), (6.0, 2.0), 3.0), *[None] * 15, *stay((6.0, 2.0), 3.0)]
    assert of(watch({7: path}), "zone_entered", "zone_left") == [("zone_entered", 7, 10)]


def test_a_long_stay_is_told_when_it_is_long_and_again_when_it_ends() -> None:
    path = [*walk((3.0, 2.0), (6.0, 2.0), 3.0), *stay((6.0, 2.0), 10.0), *walk((6.0, 2.0), (11.0, 2.0), 5.0)]
    rule = BehaviourEvents("t", scene(), BehaviourParameters())
    told = [e for record in frames({7: path}) for e in rule.feed(record) if e.type == "zone_dwelled"]
    first, last = told
    assert first.event_id == last.event_id
    assert (first.global_frame_index, first.end_frame_index) == (10, None)
    assert (last.global_frame_index, last.end_frame_index, last.end_time_us) == (10, 151, 15_100_000)
    assert last.details == {"duration_s": "14.1"}


def test_stepping_out_for_a_moment_does_not_end_a_long_stay() -> None:
    out = [*walk((7.0, 2.0), (9.0, 2.0), 1.0), *walk((9.0, 2.0), (7.0, 2.0), 1.0)]
    events = watch({7: [*walk((3.0, 2.0), (7.0, 2.0), 2.0), *stay((7.0, 2.0), 7.0), *out, *stay((7.0, 2.0), 7.0)]})
    assert [e.type for e in events if e.type.startswith("zone_")] == [
        "zone_entered",
        "zone_left",
        "zone_entered",
        "zone_dwelled",
    ]
    assert one(events, "zone_dwelled").details["duration_s"] == "17.4"


def test_noise_at_the_boundary_does_not_delay_an_entry() -> None:
    noise = [0.05, 0.02, -0.03, 0.04, -0.02, 0.03, 0.01, -0.04, 0.05, 0.02] * 2
    inside = [(4.03 + shift, 2.0) for shift in noise]
    path = [*walk((3.0, 2.0), (4.05, 2.0), 1.0), *inside, *walk((4.1, 2.0), (6.0, 2.0), 2.0)]
    events = of(watch({7: path}), "zone_entered", "zone_left")
    assert [(kind, person) for kind, person, _ in events] == [("zone_entered", 7)]
    assert events[0][2] in range(8, 13)


def test_occupancy_counts_up_and_down() -> None:
    paths = {7: walk((3.0, 1.0), (9.0, 1.0), 6.0), 8: [*stay((3.0, 3.0), 1.0), *walk((3.0, 3.0), (6.0, 3.0), 6.0)]}
    counts = [e.details["count"] for e in watch(paths) if e.type == "occupancy_changed" and e.place == "door"]
    assert counts == ["1", "2", "1"]
    in_all = [e.details["count"] for e in watch(paths) if e.type == "occupancy_changed" and e.place is None]
    assert in_all == ["1", "2"]


def test_a_crowd_is_more_people_than_the_limit() -> None:
    paths = {g: [*stay((3.0, g / 2), g), *stay((6.0, g / 2), 6.0 - g), *stay((3.0, g / 2), 3.0)] for g in (1, 2, 3)}
    event = one(watch(paths, crowd=2), "crowded")
    assert (event.place, event.global_frame_index) == ("door", 30)
    assert event.end_frame_index == pytest.approx(60, abs=1)
    assert (event.details["count"], event.details["limit"], event.details["peak"]) == ("3", "2", "3")
    assert [e for e in watch(paths, crowd=3) if e.type == "crowded"] == []


def test_a_crowd_lasts_and_a_pause_does_not_end_it() -> None:
    inside, outside = (6.0, 1.0), (3.0, 1.0)
    there = stay((6.0, 2.0), 20.0)
    for seconds, count in ((1.0, 0), (3.0, 1)):
        path = [*stay(outside, 2.0), *stay(inside, seconds), *stay(outside, 10.0)]
        assert sum(e.type == "crowded" for e in watch({1: there, 2: path}, crowd=1)) == count
    path = [*stay(outside, 2.0), *stay(inside, 3.0), *stay(outside, 1.0), *stay(inside, 3.0), *stay(outside, 5.0)]
    event = one(watch({1: there, 2: path}, crowd=1), "crowded")
    assert (event.global_frame_index, event.end_frame_index) == (pytest.approx(20, abs=1), pytest.approx(90, abs=1))


@pytest.mark.parametrize(("there", "back", "direction"), [(1.0, 3.0, "backward"), (3.0, 1.0, "forward")])
def test_a_crossing_has_a_direction(there: float, back: float, direction: str) -> None:
    events = watch({7: walk((there, 2.0), (back, 2.0), 2.0)})
    event = one(events, "tripwire_crossed")
    assert event.place == "gate"
    assert event.details == {"direction": direction}
    assert event.global_frame_index in (10, 11)


def test_hesitating_on_a_tripwire_crosses_it_once() -> None:
    there = walk((1.0, 2.0), (1.95, 2.0), 1.0)
    jitter: list[Place] = [(2.0 + 0.05 * (-1) ** k, 2.0) for k in range(20)]
    assert len(of(watch({7: [*there, *jitter, *walk((2.0, 2.0), (3.0, 2.0), 1.0)]}), "tripwire_crossed")) == 1
    assert of(watch({7: [*there, *jitter, *walk((1.95, 2.0), (1.0, 2.0), 1.0)]}), "tripwire_crossed") == []


def test_who_walks_past_the_end_of_a_tripwire_does_not_cross_it() -> None:
    assert of(watch({7: walk((1.0, 5.0), (3.0, 5.0), 2.0)}), "tripwire_crossed") == []


def test_standing_walking_running() -> None:
    path = [*stay((0.0, 9.0), 3.0), *walk((0.0, 9.0), (4.0, 9.0), 3.0), *walk((4.0, 9.0), (16.0, 9.0), 4.0)]
    events = watch({7: path})
    assert [e.type for e in events if e.type in {"standing", "walking", "running"}] == [
        "standing",
        "walking",
        "running",
    ]
    assert one(events, "walking").global_frame_index == pytest.approx(30, abs=3)
    assert one(events, "walking").end_frame_index == one(events, "running").global_frame_index
    assert one(events, "running").global_frame_index == pytest.approx(60, abs=4)


def test_a_speed_between_two_thresholds_changes_nothing() -> None:
    path = [*walk((0.0, 9.0), (3.0, 9.0), 3.0), *walk((3.0, 9.0), (4.4, 9.0), 3.0), *walk((4.4, 9.0), (7.4, 9.0), 3.0)]
    assert [e.type for e in watch({7: path}) if e.type in {"standing", "walking"}] == ["walking"]


def test_hanging_about_is_told_from_its_beginning() -> None:
    path = [*stay((6.0, 9.0), 31.0), *walk((6.0, 9.0), (16.0, 9.0), 5.0)]
    event = one(watch({7: path}), "loitering")
    assert event.global_frame_index == 0
    assert event.end_frame_index == pytest.approx(325, abs=10)
    assert of(watch({7: path[:290]}), "loitering") == []


def test_two_people_meet_once() -> None:
    paths = {
        7: [*walk((0.0, 9.0), (4.0, 9.0), 4.0), *stay((4.0, 9.0), 5.0), *walk((4.0, 9.0), (0.0, 9.0), 4.0)],
        3: stay((5.0, 9.0), 13.0),
    }
    event = one(watch(paths), "met")
    assert event.global_id == 3
    assert [other.global_id for other in event.others] == [7]
    assert event.global_frame_index == pytest.approx(35, abs=1)
    assert event.end_frame_index == pytest.approx(100, abs=1)


def test_passing_each_other_is_no_meeting() -> None:
    paths = {7: walk((0.0, 9.0), (8.0, 9.0), 6.0), 3: walk((8.0, 9.5), (0.0, 9.5), 6.0)}
    assert of(watch(paths), "met") == []


def passers(count: int, path: list[Place]) -> dict[int, Path]:
    """People who take the same way one after the other."""
    return {g: [*[None] * (g * 5), *path] for g in range(1, count + 1)}


def test_a_place_where_nobody_went_before_is_unusual() -> None:
    crowd = passers(10, walk((0.0, 9.0), (10.0, 9.0), 8.0))
    stray = {99: [*[None] * 200, *walk((0.0, 9.0), (0.0, 15.0), 5.0)]}
    events = watch({**crowd, **stray})
    event = one(events, "unusual_place")
    assert event.global_id == 99
    assert event.details["why"] == "none of the 10 people before came within a metre of here"
    assert event.confidence == pytest.approx(11 / 12)
    assert of(watch({**passers(9, walk((0.0, 9.0), (10.0, 9.0), 8.0)), **stray}), "unusual_place") == []


def test_what_is_unusual_begins_where_it_is_and_is_no_step_aside() -> None:
    crowd = passers(10, walk((0.0, 9.5), (10.0, 9.5), 8.0))
    # Half a metre a second: from 11 m on, nobody has been within a metre.
    stray = {99: [*[None] * 200, *walk((5.0, 9.0), (5.0, 15.0), 12.0), *stay((5.0, 9.5), 3.0)]}
    event = one(watch({**crowd, **stray}), "unusual_place")
    assert event.global_frame_index == pytest.approx(240, abs=1)
    assert event.end_frame_index == pytest.approx(320, abs=1)
    step = [*walk((5.0, 10.5), (5.0, 11.2), 0.4), *walk((5.0, 11.2), (5.0, 10.5), 0.4)]
    beside = {99: [*[None] * 200, *stay((5.0, 10.5), 2.0), *step, *stay((5.0, 10.5), 2.0)]}
    assert of(watch({**crowd, **beside}), "unusual_place") == []


def test_the_other_way_is_unusual_where_everybody_goes_one_way() -> None:
    crowd = passers(10, walk((0.0, 9.0), (10.0, 9.0), 8.0))
    events = watch({**crowd, 99: [*[None] * 200, *walk((9.0, 9.0), (1.0, 9.0), 7.0)]})
    event = one(events, "unusual_path")
    assert event.global_id == 99
    assert "0 of the 10 people" in event.details["why"]
    assert of(watch({**crowd, 99: [*[None] * 200, *walk((1.0, 9.0), (9.0, 9.0), 7.0)]}), "unusual_path") == []


def test_a_tracklet_that_gets_another_owner_is_the_same_person() -> None:
    rule = BehaviourEvents("t", scene(), BehaviourParameters())
    path = [*walk((3.0, 2.0), (6.0, 2.0), 3.0), *stay((6.0, 2.0), 3.0), *walk((6.0, 2.0), (9.0, 2.0), 3.0)]
    told: list[Event] = []
    for tick, place in enumerate(path):
        owner = 5 if tick < 45 else 3
        told += rule.feed(frame(tick, {owner: place}, {owner: 1}, revision=int(tick >= 45)))
    assert of(told, "zone_entered", "zone_left") == [("zone_entered", 5, 10), ("zone_left", 3, 81)]
    assert one(told, "zone_left").details["dwell_s"] == "7.1"
    assert [e.identity_revision for e in told if e.type.startswith("zone_")] == [0, 1]


def test_foretold_positions_are_no_evidence() -> None:
    rule = BehaviourEvents("t", scene(), BehaviourParameters())
    told: list[Event] = []
    for record in frames({7: walk((3.0, 2.0), (6.0, 2.0), 3.0)}):
        unseen = tuple(replace(person, camera_ids=()) for person in record.people)
        told += rule.feed(replace(record, people=unseen, cameras=()))
    assert told == []


def busy() -> list[MapPoints]:
    paths = {
        1: [*walk((3.0, 2.0), (6.0, 2.0), 3.0), *stay((6.0, 2.0), 12.0), *walk((6.0, 2.0), (1.0, 2.0), 4.0)],
        2: [*stay((5.5, 3.0), 9.0), *walk((5.5, 3.0), (12.0, 3.0), 2.5)],
        3: [None if 40 < k < 90 else place for k, place in enumerate(walk((0.0, 1.0), (9.0, 1.0), 15.0))],
    }
    return list(frames(paths))


@pytest.mark.parametrize("cut", [1, 37, 90, 140, 188])
def test_a_state_that_was_put_away_in_the_middle_goes_on_alike(cut: int) -> None:
    records = busy()
    whole = BehaviourEvents("t", scene(), BehaviourParameters(crowd=1, dwell_s=3.0))
    expected = [event for record in records for event in whole.feed(record)]
    assert len({event.type for event in expected}) >= 8
    halved = BehaviourEvents("t", scene(), BehaviourParameters(crowd=1, dwell_s=3.0))
    found = [event for record in records[:cut] for event in halved.feed(record)]
    halved = pickle.loads(pickle.dumps(halved))  # noqa: S301
    found += [event for record in records[cut:] for event in halved.feed(record)]
    assert found == expected


def test_names_are_stable_and_of_one_event_each() -> None:
    def tell(make: Callable[[], BehaviourEvents]) -> list[Event]:
        rule = make()
        return [event for record in busy() for event in rule.feed(record)]

    first = tell(lambda: BehaviourEvents("t", scene(), BehaviourParameters()))
    assert first == tell(lambda: BehaviourEvents("t", scene(), BehaviourParameters()))
    what = {e.event_id: (e.type, e.place, e.global_id, e.global_frame_index) for e in first}
    of_people = [key for key in what.values() if key[2] is not None]
    assert len(set(of_people)) == len(of_people)
    assert all((e.type, e.place, e.global_id, e.global_frame_index) == what[e.event_id] for e in first)
    other = tell(lambda: BehaviourEvents("u", scene(), BehaviourParameters()))
    assert not {e.event_id for e in other} & set(what)


def test_a_zone_that_is_no_polygon_is_refused() -> None:
    line = Zone("line", (Point(0, 0), Point(1, 1), Point(2, 2)))
    with pytest.raises(GeometryError):
        BehaviourEvents("t", scene(zones=(line,)), BehaviourParameters())
