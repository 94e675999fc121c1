"""The events process's state machine: marks, snapshots, refusals."""

from dataclasses import replace

import pytest
from spoton_common.errors import RejectedRecord
from spoton_common.runtime.loss import last_record
from spoton_common.runtime.stage import Output, Rejection
from spoton_mapper.behaviour import BehaviourParameters
from spoton_mapper.events.machine import EventsMachine, rules_of
from spoton_mapper.events.stage import EventsStage
from spoton_schemas.habits import Habits, HabitualPlace
from spoton_schemas.records import (
    END_OF_EVENTS,
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
from spoton_schemas.topics import EVENTS, HABITS

ZONE = Zone("door", (Point(4.0, 0.0), Point(8.0, 0.0), Point(8.0, 4.0), Point(4.0, 4.0)))
LINE = Tripwire("gate", Point(1.0, 1.0), Point(1.0, 1.0))


def mark(kind: Kind, tick: int = 0, **content: object) -> MapPoints:
    return MapPoints(
        task_id="t",
        environment_id="e",
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=tick,
        event_time_us=tick * 100_000,
        **content,  # type: ignore[arg-type]
    )


def start(zone: Zone = ZONE, tripwires: tuple[Tripwire, ...] = ()) -> MapPoints:
    scene = Scene("e", "E", 10.0, (SceneCamera("c0"),), zones=(zone,), tripwires=tripwires)
    return mark(Kind.START, start=TaskStart(scene, ("c0",), 0))


def frame(tick: int) -> MapPoints:
    """Somebody walks through the zone at one metre a second."""
    track = MappedTrack(
        track_id=1, bbox_xyxy=(0, 0, 1, 1), confidence=0.9, class_id=0, class_name="person", global_id=7
    )
    camera = CameraMapPoints(camera_id="c0", camera_frame_index=tick, event_time_us=0, tracks=(track,))
    person = PersonPosition(
        global_id=7, x_m=3.0 + 0.1 * tick, y_m=2.5, vx_m_s=1.0, vy_m_s=0.0, std_m=0.1, camera_ids=("c0",)
    )
    return mark(Kind.FRAME, tick, cameras=(camera,), people=(person,))


END = mark(Kind.END_OF_TASK, 60, outcome=Outcome.COMPLETED)
RECORDS = [start(), *map(frame, range(60)), mark(Kind.END_OF_SEGMENT, 60), END]


def machine() -> EventsMachine:
    return EventsMachine(rules_of(BehaviourParameters()))


def told(machine: EventsMachine, records: list[MapPoints]) -> list[Event]:
    return [o.record for record in records for o in machine.feed(record) if o.topic is EVENTS]


def test_events_come_as_they_happen_and_the_end_closes_what_goes_on() -> None:
    watching = machine()
    assert [e.type for e in told(watching, RECORDS[:1])] == []
    types = [e.type for e in told(watching, RECORDS[1:-1]) if e.type != "occupancy_changed"]
    assert types == ["zone_entered", "walking", "zone_left"]
    (last,) = told(watching, [END])
    assert (last.type, last.end_frame_index) == ("walking", 59)
    assert watching.snapshot() == b""


@pytest.mark.parametrize("cut", [1, 14, 40, 61])
def test_a_restored_machine_goes_on_alike(cut: int) -> None:
    first, second = machine(), machine()
    found = told(first, RECORDS[:cut])
    second.restore(first.snapshot())
    assert found + told(second, RECORDS[cut:]) == told(machine(), RECORDS)


def test_a_frame_before_its_start_is_refused() -> None:
    with pytest.raises(RejectedRecord, match="without START") as caught:
        machine().feed(frame(0))
    assert caught.value.reason == "not_started"


@pytest.mark.parametrize(
    "bad",
    [start(Zone("flat", (Point(0, 0), Point(1, 1), Point(2, 2)))), start(tripwires=(LINE,))],
    ids=["a zone without area", "a tripwire without length"],
)
def test_a_scene_that_cannot_be_used_is_refused(bad: MapPoints) -> None:
    watching = machine()
    with pytest.raises(RejectedRecord) as caught:
        watching.feed(bad)
    assert caught.value.reason == "bad_scene"
    assert watching.snapshot() == b""


def test_a_mark_stands_behind_the_last_event_of_each_task() -> None:
    stage = EventsStage(rules_of(BehaviourParameters()))
    outputs = [output for output in stage.feed(RECORDS) if isinstance(output, Output)]
    types = [output.record.type for output in outputs if output.topic is EVENTS]
    assert types[-2:] == ["walking", END_OF_EVENTS]
    assert types.count(END_OF_EVENTS) == 1
    assert outputs[-1].record.ends_task


def test_what_its_people_taught_is_told_once_a_task_has_ended() -> None:
    watching = machine()
    outputs = [output for record in RECORDS for output in watching.feed(record) if output.topic is HABITS]
    (taught,) = [output.record for output in outputs]
    assert (taught.task_id, taught.environment_id, taught.habits.people) == ("t", "e", 1)
    there = {(place.x_m, place.y_m): place for place in taught.habits.places}
    assert set(there) == {(x, y) for x in range(2, 10) for y in (1, 2, 3)}
    assert (there[6, 2].people, there[6, 2].ways) == (1, (1, 0, 0, 0, 0, 0, 0, 0))


def test_a_task_without_people_teaches_nothing() -> None:
    watching = machine()
    assert [output for record in (RECORDS[0], END) for output in watching.feed(record)] == []


def test_what_earlier_tasks_taught_tells_what_is_unusual() -> None:
    towards = HabitualPlace(x_m=4, y_m=2, people=40, ways=(0, 0, 0, 0, 40, 0, 0, 0))
    places = tuple(replace(towards, x_m=x, y_m=y) for x in range(2, 10) for y in (1, 2, 3))
    known = [replace(RECORDS[0], habits=Habits(people=40, places=places)), *RECORDS[1:]]
    (path,) = [event for event in told(machine(), known) if event.type == "unusual_path" and event.end_time_us]
    assert path.details["why"] == "0 of the 40 people who came along here before went this way"
    assert told(machine(), known) == told(machine(), known)
    assert [event for event in told(machine(), RECORDS) if event.type == "unusual_path"] == []


def test_a_task_whose_state_could_not_be_read_gets_its_mark_and_nothing_is_refused() -> None:
    stage = EventsStage(rules_of(BehaviourParameters()))
    [mark] = stage.feed([last_record(frame(7), 9, "rubbish")])
    assert isinstance(mark, Output)
    assert (mark.record.ends_task, mark.record.global_frame_index) == (True, 9)


def test_a_task_whose_records_cannot_be_used_ends_too() -> None:
    stage = EventsStage(rules_of(BehaviourParameters()))
    refused_start, refused_frame, refused_end, mark = stage.feed([start(tripwires=(LINE,)), frame(0), END])
    refusals = [o for o in (refused_start, refused_frame, refused_end) if isinstance(o, Rejection)]
    assert [(o.index, o.reason) for o in refusals] == [(0, "bad_scene"), (1, "not_started"), (2, "not_started")]
    assert isinstance(mark, Output)
    assert mark.record.ends_task
