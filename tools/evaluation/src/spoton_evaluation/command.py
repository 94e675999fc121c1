"""What `make eval` does: all data sets, the ladder, the comparison of trackers, pictures, one report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spoton_evaluation.datasets import SUITE, Dataset, GeneratedScene, generate, terrace1
from spoton_evaluation.errors import DatasetError
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.variants import LADDER, OURS, TRACKERS, TRUE_BOXES, WITHOUT, Variant
from spoton_evaluation.pictures import Step, draw_all, draw_ladder, draw_reliability
from spoton_evaluation.suite import Evaluation, Say

TERRACE1 = "terrace1"
GENERATED = tuple(scene.name for scene in SUITE)
LADDER_SCENES = (TERRACE1, "crowd")
"""Real and generated: the whole ladder; the others are run as they are and with true boxes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes:
        names: data sets; empty: all that are on this machine.
        ladder: run the ladder, evidence taken away, and other trackers.
        data: folder of real footage (`epfl-terrace1`).
        models: folder of real weights.
        reports: where the report and the pictures go.

    """

    names: Sequence[str] = ()
    ladder: bool = True
    data: Path = Path("../shared/data")
    models: Path = Path("../shared/models")
    cache: Path = Path(".local/cache/eval")
    reports: Path = Path(".local/reports")
    trackers: Sequence[Variant] = field(default=TRACKERS)


def run_plan(plan: Plan, say: Say) -> Evaluation:
    """Measure and write `eval.json` and the pictures.

    Raises:
        DatasetError: a named data set is unknown, or not on this machine.

    """
    cache = Cache(plan.cache)
    evaluation = Evaluation(cache, plan.reports / "eval", say)
    for dataset in _datasets(plan, cache, say):
        with_ladder = plan.ladder and dataset.name in LADDER_SCENES
        variants = (*LADDER, *WITHOUT, *plan.trackers) if with_ladder else (OURS, TRUE_BOXES)
        evaluation.run(dataset, variants)
        evaluation.write(plan.reports / "eval.json")
        draw_dataset(evaluation, dataset.name, plan.reports / "eval" / dataset.name)
    ladders = {
        name: [
            Step(variant, found.title, found.measurement.reports["revised"].cross_camera.idf1)
            for (dataset, variant), found in evaluation.found.items()
            if dataset == name
        ]
        for name in dict.fromkeys(dataset for dataset, _ in evaluation.found)
        if plan.ladder and name in LADDER_SCENES
    }
    if ladders:
        draw_ladder(ladders, plan.reports / "eval" / "ladder.png")
    return evaluation


def draw_dataset(evaluation: Evaluation, name: str, folder: Path) -> None:
    """Draw what came of the line as it is."""
    found = evaluation.found[name, OURS.name].measurement
    draw_all(found.matched["revised"], found.fps, name, folder)
    if found.reliability is not None:
        draw_reliability(found.reliability, name, folder / "reliability.png")


def _datasets(plan: Plan, cache: Cache, say: Say) -> list[Dataset]:
    unknown = sorted(set(plan.names) - {TERRACE1, *GENERATED})
    if unknown:
        raise DatasetError(f"no data set {', '.join(unknown)}; there are {', '.join((TERRACE1, *GENERATED))}")
    found = []
    if not plan.names or TERRACE1 in plan.names:
        try:
            found.append(terrace1(plan.data / "epfl-terrace1", plan.models, cache))
        except DatasetError as error:
            if plan.names:
                raise
            say(f"left out: {error}")
    return found + [_generated(scene, cache, say) for scene in SUITE if not plan.names or scene.name in plan.names]


def _generated(scene: GeneratedScene, cache: Cache, say: Say) -> Dataset:
    film = scene.film()
    total, done, said = len(film.states) * len(film.scene.cameras), 0, 0

    def progress(frames: int) -> None:
        nonlocal done, said
        done += frames
        if done - said >= total / 4:
            said = done
            say(f"{scene.name}: {done} of {total} pictures rendered")

    return generate(scene, cache, progress)
