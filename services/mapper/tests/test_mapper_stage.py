"""The mapper between topics."""

import pytest
from spoton_common.errors import RejectedRecord
from spoton_common.runtime.stage import Output, Rejection
from spoton_mapper.habits import together
from spoton_mapper.mapper import MapperParameters
from spoton_mapper.stage import MapperMachine, MapperStage
from spoton_schemas.habits import Habits, HabitualPlace
from spoton_schemas.records import (
    CameraIdentities,
    GlobalIds,
    IdentifiedTrack,
    Kind,
    MapPoints,
    Outcome,
    Point,
    Scene,
    SceneCamera,
    TaskStart,
)

# A camera straight above: a hundred pixels are a metre.
FROM_ABOVE = (0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0)
AREA = (Point(0.0, 0.0), Point(5.0, 0.0), Point(5.0, 5.0), Point(0.0, 5.0))


def record(kind: Kind, tick: int = 0, **content: object) -> GlobalIds:
    return GlobalIds(
        task_id="t",
        environment_id="e",
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=tick,
        event_time_us=tick * 100_000,
        **content,  # type: ignore[arg-type]
    )


def start(homography: tuple[float, ...] | None = FROM_ABOVE, area: tuple[Point, ...] = ()) -> GlobalIds:
    scene = Scene("e", "E", 10.0, (SceneCamera("c0", homography=homography),), monitored_area=area)
    return record(Kind.START, start=TaskStart(scene, ("c0",), 0))


def person(foot_x: float, foot_y: float, global_id: int | None = 7, class_name: str = "person") -> IdentifiedTrack:
    return IdentifiedTrack(
        track_id=1,
        bbox_xyxy=(foot_x - 20, foot_y - 100, foot_x + 20, foot_y),
        confidence=0.9,
        class_id=0,
        class_name=class_name,
        visibility=1.0,
        global_id=global_id,
    )


def tick(index: int, *tracks: IdentifiedTrack) -> GlobalIds:
    seen = CameraIdentities(
        camera_id="c0",
        camera_frame_index=index,
        event_time_us=index,
        image_width=960,
        image_height=960,
        tracks=tracks,
    )
    return record(Kind.FRAME, index, cameras=(seen,), identity_revision=3)


def feed(machine: MapperMachine, *records: GlobalIds) -> list[MapPoints]:
    return [output.record for r in records for output in machine.feed(r)]


def machine() -> MapperMachine:
    return MapperMachine(MapperParameters())


def test_a_body_is_put_behind_where_the_homography_has_its_foot() -> None:
    _, mapped = feed(machine(), start(), tick(0, person(250, 400)))
    track = mapped.cameras[0].tracks[0]
    assert (track.map_x_m, track.map_y_m) == pytest.approx((2.5, 3.85))
    [walker] = mapped.people
    assert (walker.global_id, walker.camera_ids) == (7, ("c0",))
    assert (walker.x_m, walker.y_m) == pytest.approx((2.5, 3.85))
    assert (mapped.identity_revision, mapped.global_frame_index) == (3, 0)


def test_marks_pass_with_what_they_carry() -> None:
    end = record(Kind.END_OF_TASK, 5, outcome=Outcome.FAILED, error="c0: broken")
    began, segment, ended = feed(machine(), start(), record(Kind.END_OF_SEGMENT, 4), end)
    assert began.start is not None
    assert segment.kind is Kind.END_OF_SEGMENT
    assert (ended.outcome, ended.error, ended.global_frame_index) == (Outcome.FAILED, "c0: broken", 5)


def test_who_has_no_identity_and_what_is_no_person_makes_no_path() -> None:
    _, mapped = feed(machine(), start(), tick(0, person(250, 400, None), person(250, 400, 8, "cup")))
    assert mapped.people == ()
    assert [track.map_x_m for track in mapped.cameras[0].tracks] == pytest.approx([2.5, 2.5])


def test_people_outside_of_the_monitored_area_are_not_on_the_map() -> None:
    _, mapped = feed(machine(), start(area=AREA), tick(0, person(250, 400), person(700, 400, 8)))
    assert [walker.global_id for walker in mapped.people] == [7]


def test_a_camera_without_homography_gives_boxes_without_place() -> None:
    _, mapped = feed(machine(), start(homography=None), tick(0, person(250, 400)))
    assert mapped.cameras[0].tracks[0].map_x_m is None
    assert mapped.people == ()


def test_a_restored_machine_goes_on_as_if_nothing_had_happened() -> None:
    walk = [tick(i, person(250 + 14 * i, 400)) for i in range(20)]
    undisturbed = machine()
    expected = feed(undisturbed, start(), *walk)[11:]
    killed, revived = machine(), machine()
    feed(killed, start(), *walk[:10])
    revived.restore(killed.snapshot())
    assert feed(revived, *walk[10:]) == expected
    assert revived.snapshot() == undisturbed.snapshot()


def test_a_task_begins_with_what_earlier_ones_taught() -> None:
    asked: list[tuple[str, str]] = []
    known = Habits(people=3, places=(HabitualPlace(x_m=1, y_m=-2, people=3, ways=(3, 0, 0, 0, 0, 0, 0, 0)),))

    def learned(environment_id: str, task_id: str) -> Habits:
        asked.append((environment_id, task_id))
        return known

    outputs = MapperStage(MapperParameters(), learned).feed([start(), tick(0), start(homography=(1.0,))])
    began, frame, refused = outputs
    assert isinstance(began, Output)
    assert isinstance(frame, Output)
    assert (began.record.habits, frame.record.habits) == (known, None)
    assert isinstance(refused, Rejection)
    assert asked == [("e", "t")]


def test_habits_add_up_and_the_places_of_most_people_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def place(x_m: int, people: int) -> HabitualPlace:
        return HabitualPlace(x_m=x_m, y_m=0, people=people, ways=(people, 0, 0, 0, 0, 0, 0, 1))

    first = Habits(people=5, places=(place(1, 5), place(2, 1)))
    second = Habits(people=2, places=(place(1, 2), place(3, 2)))
    assert together([]) is None
    assert together([first, second]) == together([second, first])
    found = together([first, second])
    assert found is not None
    assert (found.people, [(p.x_m, p.people) for p in found.places]) == (7, [(1, 7), (2, 1), (3, 2)])
    assert found.places[0].ways == (7, 0, 0, 0, 0, 0, 0, 2)
    monkeypatch.setattr("spoton_mapper.habits.MAX_PLACES", 2)
    kept = together([first, second])
    assert kept is not None
    assert [p.x_m for p in kept.places] == [1, 3]


def test_nothing_is_kept_after_the_end() -> None:
    ended = machine()
    feed(ended, start(), tick(0, person(250, 400)), record(Kind.END_OF_TASK, 1))
    assert ended.snapshot() == b""


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([tick(0)], "not_started"),
        ([start(), tick(1), tick(1)], "out_of_order"),
        ([record(Kind.START)], "no_scene"),
        ([start(homography=(1.0, 2.0))], "bad_scene"),
        ([start(homography=(0.0,) * 9)], "bad_scene"),
    ],
)
def test_records_that_cannot_be_used_are_rejected_with_a_reason(records: list[GlobalIds], reason: str) -> None:
    with pytest.raises(RejectedRecord) as rejection:
        feed(machine(), *records)
    assert rejection.value.reason == reason
