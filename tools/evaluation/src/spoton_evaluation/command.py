"""What `make eval` does: all data sets, the ladder, the comparison of trackers, pictures, one report."""

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context

from spoton_evaluation.datasets import SUITE, Dataset, GeneratedScene, generate, terrace1
from spoton_evaluation.errors import DatasetError
from spoton_evaluation.figures import Figures
from spoton_evaluation.jobs import Found, Job, run_job, say
from spoton_evaluation.kept import keep, recall
from spoton_evaluation.measure import Measurement
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.export import KINDS
from spoton_evaluation.offline.variants import LADDER, OURS, TRACKERS, TRUE_BOXES, WITHOUT, Variant
from spoton_evaluation.pictures import Step, draw_all, draw_ladder, draw_reliability
from spoton_evaluation.places import Folders
from spoton_evaluation.summary import to_markdown

TERRACE1 = "terrace1"
GENERATED = tuple(scene.name for scene in SUITE)
LADDER_SCENES = (TERRACE1, "alike", "gaps", "crowd")
"""The whole ladder; the others are run as they are and with true boxes."""

_EVERYTHING = (*LADDER, *WITHOUT, *TRACKERS)
_ORDER = [variant.name for variant in _EVERYTHING]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: data sets by name, none: all that are here; with the ladder or without; processes at once."""

    names: Sequence[str] = ()
    ladder: bool = True
    workers: int = len(os.sched_getaffinity(0))
    folders: Folders = field(default_factory=Folders)


def run_plan(plan: Plan) -> list[Found]:
    """Measure; write `eval.json`, `eval.md` and the pictures.

    Raises:
        DatasetError: a named data set is unknown, or not on this machine.

    """
    began = time.monotonic()
    datasets = _datasets(plan, began)
    # Detection comes first: what it keeps is there for all others.
    first = [_job(plan, dataset, variant, began) for variant in (OURS, TRUE_BOXES) for dataset in datasets]
    rest = [v for v in _EVERYTHING if v not in (OURS, TRUE_BOXES)]
    ladders = [dataset for dataset in datasets if plan.ladder and dataset.name in LADDER_SCENES]
    ladders.sort(key=lambda dataset: LADDER_SCENES.index(dataset.name))
    second = [_job(plan, dataset, variant, began) for dataset in ladders for variant in rest]
    found = [kept for kept in map(recall, first + second) if kept is not None]
    known = {(part.dataset, part.variant) for part in found}
    if found:
        say(began, f"{len(found)} of {len(first + second)} runs are kept from before")
    for jobs in (first, second):
        for part in _run([job for job in jobs if (job.dataset.name, job.variant) not in known], plan.workers):
            found.append(part)
            say(began, f"{len(found)} of {len(first + second)}: {_outcome(part)}")
            _write(found, plan.folders)
    found.sort(key=lambda f: ([d.name for d in datasets].index(f.dataset), _ORDER.index(f.variant.name)))
    _write(found, plan.folders)
    _draw(found, plan.folders)
    return found


def to_table(found: Iterable[Found]) -> str:
    """Write one line a variant: all cameras as one sequence; live / revised where there are two figures."""
    titles = ("IDF1", "HOTA", "MOTA", "switches", "found/true", "purity", "floor IDF1", "map error, m", "ms/tick")
    lines = [f"{'':<11}{'':<42}{titles[0]:>15}{titles[1]:>15}" + "".join(f"{t:>13}" for t in titles[2:])]
    lines += [f"{f.dataset:<11}{f.variant.title:<42}{_cells(f.measurement)}" for f in found]
    return "\n".join(lines)


def _job(plan: Plan, dataset: Dataset, variant: Variant, began: float) -> Job:
    return Job(dataset, variant, plan.folders, 1 if plan.workers > 1 else 2, began)


def _run(jobs: list[Job], workers: int) -> Iterator[Found]:
    """Run jobs and keep what came of each, so that an interrupted evaluation goes on where it was."""
    if workers == 1:
        for job in jobs:
            found = run_job(job)
            keep(job, found)
            yield found
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        futures = {pool.submit(run_job, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                keep(futures[future], future.result())
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _write(found: list[Found], folders: Folders) -> None:
    figures: Figures = {}
    for part in found:
        figures |= part.figures
    folders.reports.mkdir(parents=True, exist_ok=True)
    (folders.reports / "eval.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (folders.reports / "eval.md").write_text(to_markdown(found), encoding="utf-8")


def _draw(found: list[Found], folders: Folders) -> None:
    ladders: dict[str, list[Step]] = {}
    for part in found:
        measured = part.measurement
        step = Step(part.variant.name, part.variant.title, measured.reports["revised"].cross_camera.idf1)
        ladders.setdefault(part.dataset, []).append(step)
        if part.variant == OURS:
            folder = folders.exports / part.dataset
            draw_all(measured.matched["revised"], measured.fps, part.dataset, folder)
            if measured.reliability is not None:
                draw_reliability(measured.reliability, part.dataset, folder / "reliability.png")
    whole = {name: steps for name, steps in ladders.items() if len(steps) == len(_EVERYTHING)}
    if whole:
        draw_ladder(whole, folders.exports / "ladder.png")


def _datasets(plan: Plan, began: float) -> list[Dataset]:
    unknown = sorted(set(plan.names) - {TERRACE1, *GENERATED})
    if unknown:
        raise DatasetError(f"no data set {', '.join(unknown)}; there are {', '.join((TERRACE1, *GENERATED))}")
    cache, found = Cache(plan.folders.cache), list[Dataset]()
    if not plan.names or TERRACE1 in plan.names:
        try:
            found.append(terrace1(plan.folders.data / "epfl-terrace1", plan.folders.models, cache))
        except DatasetError as error:
            if plan.names:
                raise
            say(began, f"left out: {error}")
    scenes = [scene for scene in SUITE if not plan.names or scene.name in plan.names]
    return found + [_generated(scene, cache, began) for scene in scenes]


def _generated(scene: GeneratedScene, cache: Cache, began: float) -> Dataset:
    done, said = 0, 0

    def progress(frames: int) -> None:
        nonlocal done, said
        done += frames
        if done - said >= 400:
            said = done
            say(began, f"{scene.name}: {done} of {scene.pictures} pictures rendered")

    return generate(scene, cache, progress)


def _outcome(part: Found) -> str:
    live, revised = (part.measurement.reports[kind].cross_camera.idf1 for kind in KINDS)
    return f"{part.dataset:<10} {part.variant.title:<42} IDF1 {live:5.1f} / {revised:5.1f}   {part.took_s:5.1f} s"


def _cells(found: Measurement) -> str:
    live, revised = (found.reports[kind] for kind in KINDS)
    scores, error = revised.cross_camera, revised.person_ground
    pairs = (
        f"{live.cross_camera.idf1:.1f} / {scores.idf1:.1f}",
        f"{live.cross_camera.hota:.1f} / {scores.hota:.1f}",
    )
    rest = (
        f"{scores.mota:.1f}",
        f"{live.cross_camera.identity_switches} / {scores.identity_switches}",
        f"{scores.found_identities}/{scores.true_identities}",
        f"{found.purity:.1f}",
        "-" if revised.floor is None else f"{revised.floor.idf1:.1f}",
        "-" if error.median_m is None else f"{error.median_m:.2f} / {error.p90_m:.2f}",
        f"{1000 * found.timing.associate_s / max(found.ticks, 1):.1f}",
    )
    return "".join(f"{cell:>15}" for cell in pairs) + "".join(f"{cell:>13}" for cell in rest)
