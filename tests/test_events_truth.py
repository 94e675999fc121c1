"""Events on ground-truth tracks against events computed from the dense true paths."""

from dataclasses import replace

import pytest
from spoton_scenes.event_truth import TrueEvent, score

from tests.events_on_truth import Errors, Stage, score_habits, score_stage, total

WANDERING = (Stage("demo", 7, 40), Stage("blind-gap", 7, 60), Stage("crowd", 7, 15, crowd=3))
CROSSINGS = {"zone_entered", "zone_left", "tripwire_crossed"}
LINGERING = (Stage("demo", 7, 70, pause_s=(20.0, 60.0), crowd=2),)


@pytest.mark.parametrize(
    ("stages", "errors", "kinds"),
    [
        (WANDERING, Errors(), {*CROSSINGS, "met", "standing", "walking", "crowded"}),
        (WANDERING[:1], Errors(0.03, 0.05), {*CROSSINGS, "met"}),
        (WANDERING[:1], Errors(0.1), {*CROSSINGS, "met"}),
        (LINGERING, Errors(0.03), {"loitering", "zone_dwelled", "occupancy_changed"}),
    ],
    ids=["clean", "noisy, some missed", "very noisy", "noisy, lingering"],
)
def test_events_on_true_tracks(stages: tuple[Stage, ...], errors: Errors, kinds: set[str]) -> None:
    found = total(score_stage(stage, errors) for stage in stages)
    assert found.keys() >= kinds
    assert found["all"].true > 100
    assert found["all"].f1 >= 0.95, found


@pytest.mark.parametrize("errors", [Errors(), Errors(0.03)])
def test_what_is_unusual_by_script_is_found_and_nothing_else(errors: Errors) -> None:
    found = score_habits(7, errors)
    assert found.keys() == {"all", "unusual_path", "unusual_place"}
    assert found["all"].f1 >= 0.95, found


def test_the_score_notices_what_is_missing_invented_late_or_about_somebody_else() -> None:
    event = TrueEvent("zone_left", 3.0, None, "door", (1,))
    assert score([event], [event], 0.5)["all"].f1 == 1
    assert score([event], [], 0.5)["all"].f1 == 0
    assert score([], [event], 0.5)["all"].f1 == 0
    for other in (replace(event, start_s=3.6), replace(event, people=(2,)), replace(event, place="gate")):
        assert score([event], [other], 0.5)["all"].f1 == 0
    assert score([event], [replace(event, people=(2,))], 0.5, by_person=False)["all"].f1 == 1
