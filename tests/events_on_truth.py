"""Events on true tracks, against events computed from the dense true paths: ``python -m tests.events_on_truth``.

Prints a table by type for generated scenes and for people with habits: clean, with noise, with people missed.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from spoton_mapper.behaviour import BehaviourEvents, BehaviourParameters
from spoton_scenes.environment import zones_and_tripwires
from spoton_scenes.event_truth import Path, Score, TrueEvent, paths_of, score, true_events
from spoton_scenes.habits import draw_habits
from spoton_scenes.paths import simulate
from spoton_scenes.presets import build_scene, find_preset
from spoton_schemas import records
from spoton_schemas.records import CameraMapPoints, Kind, MappedTrack, MapPoints, Outcome, PersonPosition, Point

from tests.events_on_export import told

DENSE_FPS, FPS = 20, 10
TOLERANCE_S = 0.5
_LEARNED = ("unusual_place", "unusual_path")
Scores = dict[str, Score]


@dataclass(frozen=True)
class Errors:
    """What is wrong with tracks: noise on each axis, new at each tick, and the share of sightings that are missing."""

    noise_m: float = 0.0
    missed: float = 0.0
    seed: int = 1


@dataclass(frozen=True)
class Stage:
    """A generated scene, and how long it is looked at.

    Its people stay away for longer than anybody who is only hidden. ``crowd``: more people in a zone are one.
    """

    preset: str
    seed: int
    seconds: int
    pause_s: tuple[float, float] = (0.8, 3.0)
    crowd: int = 8


STAGES = (
    Stage("demo", 7, 60),
    Stage("blind-gap", 7, 60),
    Stage("crowd", 7, 30, crowd=3),
    Stage("demo", 8, 150, pause_s=(5.0, 60.0), crowd=2),
    Stage("demo", 9, 150, pause_s=(5.0, 60.0), crowd=2),
    Stage("demo", 10, 150, pause_s=(5.0, 60.0), crowd=2),
    Stage("demo", 11, 150, pause_s=(5.0, 60.0), crowd=2),
)

_SEEDS = (1, 2, 3)
CONDITIONS = {
    "clean": (Errors(),),
    "noise 3 cm": tuple(Errors(0.03, seed=seed) for seed in _SEEDS),
    "noise 10 cm": tuple(Errors(0.1, seed=seed) for seed in _SEEDS),
    "missed 5 %": tuple(Errors(missed=0.05, seed=seed) for seed in _SEEDS),
    "noise 3 cm, missed 5 %": tuple(Errors(0.03, 0.05, seed) for seed in _SEEDS),
}


def record(kind: Kind, tick: int, **content: object) -> MapPoints:
    """Make a record of map-points."""
    return MapPoints(
        task_id="t",
        environment_id="e",
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=tick,
        event_time_us=tick * 1_000_000 // FPS,
        **content,  # type: ignore[arg-type]
    )


def seen(frames: Iterable[Sequence[tuple[int, float, float]]], errors: Errors) -> Iterator[MapPoints]:
    """Turn who is where, frame by frame, into map points with errors."""
    rng = np.random.default_rng(errors.seed)
    box = {"bbox_xyxy": (0, 0, 1, 1), "confidence": 0.9, "class_id": 0, "class_name": "person"}
    for tick, here in enumerate(frames):
        people, tracks = [], []
        for person_id, x_m, y_m in sorted(here):
            dx, dy = rng.normal(0, errors.noise_m, 2)
            if rng.random() < errors.missed:
                continue
            place = {"x_m": x_m + float(dx), "y_m": y_m + float(dy), "vx_m_s": 0.0, "vy_m_s": 0.0}
            people.append(PersonPosition(global_id=person_id, **place, std_m=0.1, camera_ids=("c0",)))
            tracks.append(MappedTrack(track_id=person_id, global_id=person_id, **box))  # type: ignore[arg-type]
        camera = CameraMapPoints(camera_id="c0", camera_frame_index=tick, event_time_us=0, tracks=tuple(tracks))
        yield record(Kind.FRAME, tick, cameras=(camera,), people=tuple(people))


def find(scene: records.Scene, given: Iterable[MapPoints], parameters: BehaviourParameters) -> list[records.Event]:
    """Run the rules; of an event that is told twice, the last word counts."""
    rule = BehaviourEvents("t", records.TaskStart(scene, ("c0",), 0), parameters)
    events, ticks = list[records.Event](), 0
    for each in given:
        events += rule.feed(each)
        ticks += 1
    events += rule.finish(record(Kind.END_OF_TASK, ticks, outcome=Outcome.COMPLETED))
    return list({event.event_id: event for event in events}.values())


@cache
def staged(stage: Stage) -> tuple[records.Scene, list[list[tuple[int, float, float]]], list[TrueEvent]]:
    """Return a scene, who is where at each tick, and what truly happens."""
    scene = build_scene(find_preset(stage.preset), stage.seed)
    scene = replace(scene, away_s=(3.0, 8.0), pause_s=stage.pause_s)
    frames = simulate(scene, stage.seconds, DENSE_FPS)
    zones, tripwires = zones_and_tripwires(scene)
    place = records.Scene(
        "e",
        "E",
        FPS,
        (records.SceneCamera("c0"),),
        zones=tuple(records.Zone(name, tuple(Point(*p) for p in polygon)) for name, polygon in zones.items()),
        tripwires=tuple(records.Tripwire(n, Point(*start), Point(*end)) for n, (start, end) in tripwires.items()),
    )
    here = [[(scene.people[s.index].person_id, s.x_m, s.y_m) for s in f] for f in frames[:: DENSE_FPS // FPS]]
    return place, here, true_events(paths_of(scene, frames), DENSE_FPS, zones, tripwires, stage.crowd)


def score_stage(stage: Stage, errors: Errors = Errors()) -> Scores:
    """Score all that is computed from paths; what is learned has no truth in a scene where everybody wanders."""
    place, here, true = staged(stage)
    events = find(place, seen(here, errors), BehaviourParameters(crowd=stage.crowd))
    return score(true, [told(event) for event in events if event.type not in _LEARNED], TOLERANCE_S)


def score_habits(seed: int, errors: Errors = Errors()) -> Scores:
    """Score what is unusual in scripted paths.

    Who goes aside turns off the aisle and comes back to it; that this is an unusual way is right, and not counted.
    """
    habits = draw_habits(seed, FPS)
    aside = {event.people for event in habits.unusual if event.type == "unusual_place"}
    scene = records.Scene("e", "E", FPS, (records.SceneCamera("c0"),))
    events = find(scene, seen(_present(habits.paths), errors), BehaviourParameters())
    found = [told(event) for event in events if event.type in _LEARNED]
    counted = [event for event in found if event.type == "unusual_place" or event.people not in aside]
    return score(habits.unusual, counted, TOLERANCE_S)


def total(scores: Iterable[Scores]) -> Scores:
    """Add scores up by type."""
    found: Scores = {}
    for one in scores:
        for kind, each in one.items():
            so_far = found.get(kind, Score(0, 0, 0))
            found[kind] = Score(so_far.true + each.true, so_far.found + each.found, so_far.matched + each.matched)
    return found


def _present(paths: Sequence[Path]) -> Iterator[list[tuple[int, float, float]]]:
    for tick in range(max(path.first + len(path.xy_m) for path in paths)):
        here = [path for path in paths if 0 <= tick - path.first < len(path.xy_m)]
        yield [(path.person_id, *map(float, path.xy_m[tick - path.first])) for path in here]  # type: ignore[misc]


def main() -> None:
    """Print a table for each kind of error."""
    for name, conditions in CONDITIONS.items():
        scores = [score_stage(stage, errors) for errors in conditions for stage in STAGES]
        scores += [score_habits(seed, errors) for errors in conditions for seed in range(1, 7)]
        sys.stdout.write(f"{name}\n")
        for kind, each in sorted(total(scores).items()):
            sys.stdout.write(
                f"{kind:<18} true {each.true:4} found {each.found:4} right {each.matched:4} F1 {each.f1:.3f}\n"
            )


if __name__ == "__main__":
    main()
