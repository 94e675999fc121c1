from spoton_ingest.gate import FIRST_WINDOW, MIN_WINDOW, RunAhead


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
    gate.detected("t/c0", 63, 64)
    gate.detected("t/c0", 63, 64)
    assert _fill(gate, 64) == MIN_WINDOW
    gate.detected("t/c0", 65, 66)
    assert _fill(gate, 96) == 2


def test_a_fast_detector_widens_the_window() -> None:
    gate = RunAhead()
    _fill(gate, 0)
    gate.detected("t/c0", 49, 50)
    assert _fill(gate, 64) == 150 - 14


def test_frames_that_never_arrive_do_not_close_it_for_good() -> None:
    gate = RunAhead()
    _fill(gate, 0)
    gate.detected("t/c0", 63, 1)
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
