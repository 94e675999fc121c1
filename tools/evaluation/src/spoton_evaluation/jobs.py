"""One run of a variant of a data set, in this process or in one of several."""

import sys
import time
from dataclasses import dataclass
from functools import cache, lru_cache

from spoton_schemas.records import Scene

from spoton_evaluation.datasets import Dataset
from spoton_evaluation.exports import homographies, read_scene
from spoton_evaluation.figures import Figures, flatten
from spoton_evaluation.ground_truth import load_ground_truth
from spoton_evaluation.measure import Measurement, Truth, measure
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.run import Known, Models, OfflineLine, Streams, follow
from spoton_evaluation.offline.variants import OURS, Variant
from spoton_evaluation.places import Folders

_EVERY = 500  # pictures between two messages


@dataclass(frozen=True, slots=True)
class Job:
    """A variant of a data set, and where things lie; `began` is the monotonic time that messages count from."""

    dataset: Dataset
    variant: Variant
    folders: Folders
    threads: int
    began: float


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a variant, and the processor time that it took."""

    dataset: str
    variant: Variant
    measurement: Measurement
    figures: Figures
    took_s: float


def run_job(job: Job) -> Found:
    """Run and measure; says on standard error how far long work is."""
    dataset, variant, began = job.dataset, job.variant, time.process_time()
    line = _line(dataset.models, job.folders, job.threads)
    scene, truth, known, streams = _material(dataset, job.folders)
    start = "boxes" in variant.true
    if start not in streams:
        counter = _Counter(job, f"{dataset.name}: {'true boxes' if start else 'detection'}")
        streams[start] = line.boxes(scene, variant, known, counter)
    published, timing = follow(scene, streams[start], line.embedder, variant, known)
    found = measure(published, timing, truth, job.folders.exports / dataset.name / variant.name)
    figures = flatten(f"{dataset.name}.{variant.name}", found)
    if variant == OURS:
        apart = found.disagreement()
        figures[f"{dataset.name}.check.largest_difference"] = apart.shares
        figures[f"{dataset.name}.check.largest_count_difference"] = apart.counts
    return Found(dataset.name, variant, found, figures, time.process_time() - began)


def say(began: float, text: str) -> None:
    """Say something with the time since the start."""
    sys.stderr.write(f"{time.monotonic() - began:6.0f} s  {text}\n")


@cache
def _line(models: Models, folders: Folders, threads: int) -> OfflineLine:
    return OfflineLine(models, Cache(folders.cache), threads)


@lru_cache(maxsize=1)  # a process mostly stays with one data set
def _material(dataset: Dataset, folders: Folders) -> tuple[Scene, Truth, Known, dict[bool, Streams]]:
    """Return scene and truth, and where the boxes of the data set are kept in memory: found ones and true ones."""
    scene, annotation = read_scene(dataset.environment), load_ground_truth(dataset.ground_truth)
    truth = Truth.of(annotation, homographies(scene))
    return scene, truth, Known(truth.cameras, Cache(folders.cache).content(dataset.ground_truth)), {}


@dataclass(slots=True)
class _Counter:
    """Says now and then how many pictures are done."""

    job: Job
    what: str
    done: int = 0
    said: int = 0

    def __call__(self, pictures: int) -> None:
        self.done += pictures
        if self.done - self.said >= _EVERY:
            self.said = self.done
            say(self.job.began, f"{self.what}: {self.done} pictures")
