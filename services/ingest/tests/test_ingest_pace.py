from spoton_ingest.pace import Pace


def test_ticks_are_due_as_the_video_was_taken_for_all_cameras_of_a_task() -> None:
    now = 100.0
    pace = Pace(lambda: now)
    assert pace.due("a", 0, 10.0) == 100.0
    now = 100.05
    assert pace.due("a", 3, 10.0) == 100.3
    assert pace.due("a", 0, 10.0) == 100.0
    assert pace.due("b", 0, 10.0) == 100.05


def test_a_task_that_begins_later_in_its_video_does_not_wait_for_it() -> None:
    assert Pace(lambda: 100.0).due("a", 500, 10.0) == 100.0


def test_what_is_late_is_not_made_up_for() -> None:
    now = 100.0
    pace = Pace(lambda: now)
    pace.due("a", 0, 10.0)
    now = 105.0
    assert pace.due("a", 10, 10.0) == 105.0
    assert pace.due("a", 11, 10.0) == 105.1
