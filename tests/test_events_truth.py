"""Events on ground-truth tracks against events computed from the dense true paths."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from spoton_mapper.behaviour import BehaviourEvents, BehaviourParameters
from spoton_scenes.environment import zones_and_tripwires
from spoton_scenes.event_truth import Score, TrueEvent, paths_of, score, true_events
from spoton_scenes.paths import simulate
from spoton_scenes.presets import build_scene, find_preset
from spoton_scenes.scene import PersonState, Scene
from spoton_schemas import records
from spoton_schemas.records import CameraMapPoints, Event, Kind, MappedTrack, MapPoints, Outcome, PersonPosition, Point

DENSE_FPS, FPS = 20, 10
SCORED = {"zone_entered", "zone_left", "tripwire_crossed", "standing", "walking", "running", "met"}
NOISE_M = 0.03
"""Of smoothed positions from frame to frame; their error as a whole is larger and changes slowly."""


def stage(name: str, seed: int) -> Scene:
    """A scene whose people stay away for longer than anybody who is only hidden."""
    return replace(build_scene(find_preset(name), seed), away_s=(3.0, 8.0))


def record(kind: Kind, tick: int, **content: object) -> MapPoints:
    return MapPoints(
        task_id="t",
        environment_id="e",
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=tick,
        event_time_us=tick * 1_000_000 // FPS,
        **content,  # type: ignore[arg-type]
    )


def seen(scene: Scene, frames: Sequence[Sequence[PersonState]], noise_m: float) -> Iterator[MapPoints]:
    """Every second true frame as map points, with noise."""
    rng = np.random.default_rng(scene.seed)
    for tick, states in enumerate(frames[:: DENSE_FPS // FPS]):
        people, tracks = [], []
        for state in sorted(states, key=lambda state: scene.people[state.index].person_id):
            person_id = scene.people[state.index].person_id
            dx, dy = rng.normal(0, noise_m, 2) if noise_m else (0.0, 0.0)
            place = {"x_m": state.x_m + float(dx), "y_m": state.y_m + float(dy), "vx_m_s": 0.0, "vy_m_s": 0.0}
            people.append(PersonPosition(global_id=person_id, **place, std_m=0.1, camera_ids=("c0",)))
            tracks.append(
                MappedTrack(
                    track_id=person_id,
                    bbox_xyxy=(0, 0, 1, 1),
                    confidence=0.9,
                    class_id=0,
                    class_name="person",
                    global_id=person_id,
                )
            )
        camera = CameraMapPoints(camera_id="c0", camera_frame_index=tick, event_time_us=0, tracks=tuple(tracks))
        yield record(Kind.FRAME, tick, cameras=(camera,), people=tuple(people))


def told(event: Event) -> TrueEvent:
    people = sorted(i for i in (event.global_id, *(o.global_id for o in event.others)) if i is not None)
    end_s = None if event.end_time_us is None else event.end_time_us / 1e6
    return TrueEvent(
        event.type, event.event_time_us / 1e6, end_s, event.place, tuple(people), event.details.get("direction")
    )


def scores(name: str, seed: int, seconds: int, noise_m: float) -> dict[str, Score]:
    scene = stage(name, seed)
    frames = simulate(scene, seconds, DENSE_FPS)
    zones, tripwires = zones_and_tripwires(scene)
    place = records.Scene(
        "e",
        "E",
        FPS,
        (records.SceneCamera("c0"),),
        zones=tuple(records.Zone(name, tuple(Point(*p) for p in polygon)) for name, polygon in zones.items()),
        tripwires=tuple(records.Tripwire(n, Point(*start), Point(*end)) for n, (start, end) in tripwires.items()),
    )
    rule = BehaviourEvents("t", records.TaskStart(place, ("c0",), 0), BehaviourParameters())
    events = [event for each in seen(scene, frames, noise_m) for event in rule.feed(each)]
    events += rule.finish(record(Kind.END_OF_TASK, seconds * FPS, outcome=Outcome.COMPLETED))
    last = {event.event_id: event for event in events}.values()
    found = [told(event) for event in last if event.type in SCORED]
    return score(true_events(paths_of(scene, frames), DENSE_FPS, zones, tripwires), found, tolerance_s=0.5)


@pytest.mark.parametrize(
    ("scenes", "noise_m"), [({"demo": 40, "blind-gap": 60, "crowd": 20}, 0.0), ({"demo": 40}, NOISE_M)], ids=str
)
def test_events_on_true_tracks(scenes: dict[str, int], noise_m: float) -> None:
    found = [scores(name, 7, seconds, noise_m)["all"] for name, seconds in scenes.items()]
    together = Score(*(sum(getattr(each, side) for each in found) for side in ("true", "found", "matched")))
    assert together.true > 100
    assert together.f1 >= 0.95, found


def test_the_score_notices_what_is_missing_invented_late_or_about_somebody_else() -> None:
    event = TrueEvent("zone_left", 3.0, None, "door", (1,))
    assert score([event], [event], 0.5)["all"].f1 == 1
    assert score([event], [], 0.5)["all"].f1 == 0
    assert score([], [event], 0.5)["all"].f1 == 0
    for other in (replace(event, start_s=3.6), replace(event, people=(2,)), replace(event, place="gate")):
        assert score([event], [other], 0.5)["all"].f1 == 0
    assert score([event], [replace(event, people=(2,))], 0.5, by_person=False)["all"].f1 == 1
