from spoton_ingest.gate import FIRST_WINDOW, INTERVALS, MIN_WINDOW, RunAhead


def _fill(gate: RunAhead, first: int, stream: str = "t/c0") -> int:
    tick = first
    while gate.allows(stream):
        gate.published(stream, tick)
        tick += 1
        assert tick < 10_000
    return tick - first


def test_before_the_first_report_the_first_window_counts() -> None:
    gate = RunAhead()
    assert _fill(gate, 0) == FIRST_WINDOW
    assert gate.allows("t/c1")


def test_a_slow_detector_leaves_the_smallest_window() -> None:
    gate = RunAhead()
    _fill(gate, 0)
    gate.detected("t/c0", FIRST_WINDOW - 1, FIRST_WINDOW)
    gate.detected("t/c0", FIRST_WINDOW - 1, FIRST_WINDOW)
    assert _fill(gate, FIRST_WINDOW) == MIN_WINDOW
    gate.detected("t/c0", FIRST_WINDOW + 1, FIRST_WINDOW + 2)
    assert _fill(gate, FIRST_WINDOW + MIN_WINDOW) == 2


def test_a_fast_detector_widens_the_window() -> None:
    gate = RunAhead()
    _fill(gate, 0)
    done = FIRST_WINDOW - 2
    gate.detected("t/c0", done - 1, done)
    assert _fill(gate, FIRST_WINDOW) == INTERVALS * done - 2


def test_cameras_of_a_task_stay_together_and_tasks_do_not_wait_for_each_other() -> None:
    gate = RunAhead()
    gate.published("t/c1", 40)  # the detector does not get to it, but does all of the other camera at once
    tick = 40
    while gate.allows("t/c0"):
        gate.published("t/c0", tick)
        gate.detected("t/c0", tick, tick)
        tick += 1
        assert tick < 1_000
    assert tick - 1 == 40 + MIN_WINDOW
    assert gate.allows("u/c0")
    gate.detected("t/c1", 40, 41)
    assert gate.allows("t/c0")


def test_a_camera_that_begins_late_is_waited_for_and_never_stuck() -> None:
    gate = RunAhead()
    gate.published("t/late", 500)
    assert _fill(gate, 0, "t/c0") == FIRST_WINDOW
    assert not gate.allows("t/late")
    gate.detected("t/c0", FIRST_WINDOW - 1, FIRST_WINDOW)
    assert gate.allows("t/c0")
    gate.published("t/c0", 499)
    assert gate.allows("t/late")


def test_frames_that_never_arrive_do_not_close_it_for_good() -> None:
    gate = RunAhead()
    _fill(gate, 0)
    gate.detected("t/c0", FIRST_WINDOW - 1, 1)
    assert gate.allows("t/c0")


def test_after_a_restart_frames_that_were_detected_do_not_count() -> None:
    gate = RunAhead()
    gate.resume("t/c0", 500, 480)
    for tick in range(300, 501):
        gate.published("t/c0", tick)
    assert _fill(gate, 501) == FIRST_WINDOW


def test_older_reports_than_known_change_nothing() -> None:
    gate = RunAhead()
    gate.resume("t/c0", 500, 480)
    gate.detected("t/c0", 400, 390)
    gate.published("t/c0", 450)
    assert _fill(gate, 501) == FIRST_WINDOW


def test_forgotten_streams_begin_anew() -> None:
    gate = RunAhead()
    _fill(gate, 0)
    gate.forget("t/c0")
    assert gate.allows("t/c0")
