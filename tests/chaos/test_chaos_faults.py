from collections import Counter

from tests.chaos.faults import SERVERS, SERVICES, Kind, draw_run
from tests.chaos.outcome import compare, compare_stopped


def test_a_run_follows_from_its_seed_and_number() -> None:
    assert draw_run(7, 3, 10.0) == draw_run(7, 3, 10.0)
    assert draw_run(7, 3, 10.0) != draw_run(8, 3, 10.0)


def test_a_hundred_runs_kill_every_service_and_server_in_every_way() -> None:
    faults = [fault for number in range(100) for fault in draw_run(7, number, 10.0).faults]
    killed = Counter(target for fault in faults for target in fault.targets)
    assert set(killed) == {*SERVICES, *SERVERS}
    assert {fault.kind for fault in faults} == set(Kind)
    assert {fault.targets[0] for fault in faults if fault.kind is Kind.SECOND} == {"detector", "reid"}
    assert len({frozenset(fault.targets) for fault in faults if len(fault.targets) == 2}) > 8
    assert all(0 <= fault.after_s <= 10 and 0 <= fault.pause_s <= 2 for fault in faults)


def test_a_lost_a_changed_and_a_surplus_record_are_found() -> None:
    whole = {"rows": ["a", "b", "c"], "socket": ["x"]}
    assert compare(whole, whole) == []
    [lost] = compare(whole, {**whole, "rows": ["a", "c"]})
    assert (lost.name, lost.expected, lost.found) == ("rows", "b", "c")
    [surplus] = compare(whole, {**whole, "socket": ["x", "x"]})
    assert (surplus.expected, surplus.found) == ("the end of 1", "x")
    [missing] = compare(whole, {"rows": whole["rows"]})
    assert missing.name == "socket"


def test_a_stopped_task_may_lack_pictures_but_not_have_others() -> None:
    whole = {"tasks": [], "track_points": ['{"x": 1, "global_id": 2}'], "camera_frames": [], "media": []}
    ended = '{"outcome": "STOPPED"}'
    assert compare_stopped(whole, {**whole, "tasks": [ended], "track_points": []}) == []
    assert compare_stopped(whole, {**whole, "tasks": [ended], "track_points": ['{"x": 1, "global_id": 9}']}) == []
    [other] = compare_stopped(whole, {**whole, "tasks": [ended], "track_points": ['{"x": 3, "global_id": 2}']})
    assert other.name == "track_points"
    [endless] = compare_stopped(whole, {**whole, "tasks": ['{"outcome": null}']})
    assert endless.name == "tasks"
