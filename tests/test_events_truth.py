"""Events on ground-truth tracks against events computed from the dense true paths."""

from dataclasses import replace

import pytest
from spoton_scenes.event_truth import TrueEvent, score

from tests.events_on_truth import NOISE_M, Stage, score_habits, score_stage, total

WANDERING = (Stage("demo", 7, 40), Stage("blind-gap", 7, 60), Stage("crowd", 7, 15, crowd=3))
LINGERING = (Stage("demo", 7, 70, pause_s=(20.0, 60.0), crowd=2),)


@pytest.mark.parametrize(
    ("stages", "noise_m", "kinds"),
    [
        (WANDERING, 0.0, {"zone_entered", "zone_left", "tripwire_crossed", "met", "standing", "walking", "crowded"}),
        (WANDERING[:1], NOISE_M, {"zone_entered", "zone_left", "tripwire_crossed"}),
        (LINGERING, 0.0, {"loitering", "zone_dwelled", "occupancy_changed"}),
    ],
    ids=["wandering", "noisy", "lingering"],
)
def test_events_on_true_tracks(stages: tuple[Stage, ...], noise_m: float, kinds: set[str]) -> None:
    found = total(score_stage(stage, noise_m) for stage in stages)
    assert found.keys() >= kinds
    assert found["all"].true > 100
    assert found["all"].f1 >= 0.95, found


@pytest.mark.parametrize("noise_m", [0.0, NOISE_M])
def test_what_is_unusual_by_script_is_found_and_nothing_else(noise_m: float) -> None:
    found = score_habits(7, noise_m)
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
