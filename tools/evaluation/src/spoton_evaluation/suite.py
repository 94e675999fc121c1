"""The whole evaluation: every data set, every variant, one flat report."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from spoton_evaluation.datasets import Dataset
from spoton_evaluation.exports import homographies, read_scene
from spoton_evaluation.ground_truth import load_ground_truth
from spoton_evaluation.measure import Measurement, Truth, measure
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.export import KINDS
from spoton_evaluation.offline.run import Known, Models, OfflineLine, Streams, follow
from spoton_evaluation.offline.variants import OURS, Variant
from spoton_evaluation.report import Report

Say = Callable[[str], None]
Figures = dict[str, float | int | None]
"""Flat: `<data set>.<variant>.<kind>.<scope>.<metric>`; the package's README lists the parts."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a variant, and what the variant is called."""

    title: str
    measurement: Measurement


@dataclass(slots=True)
class Evaluation:
    """Measures data sets one after the other; models are loaded once."""

    cache: Cache
    out: Path
    say: Say = lambda _text: None
    figures: Figures = field(default_factory=dict)
    found: dict[tuple[str, str], Found] = field(default_factory=dict)
    _lines: dict[Models, OfflineLine] = field(default_factory=dict)

    def run(self, dataset: Dataset, variants: Iterable[Variant]) -> None:
        """Measure variants of a data set."""
        if dataset.models not in self._lines:
            self._lines[dataset.models] = OfflineLine(dataset.models, self.cache)
        line, scene = self._lines[dataset.models], read_scene(dataset.environment)
        truth = Truth.of(load_ground_truth(dataset.ground_truth), homographies(scene))
        known = Known(truth.cameras, self.cache.content(dataset.ground_truth))
        streams: dict[bool, Streams] = {}
        for variant in variants:
            began = time.monotonic()
            start = "boxes" in variant.true
            if start not in streams:
                counter = _Counter(self.say, f"{dataset.name}: {'true boxes' if start else 'detection'}")
                streams[start] = line.boxes(scene, variant, known, counter)
            published, timing = follow(scene, streams[start], line.embedder, variant, known)
            found = measure(published, timing, truth, self.out / dataset.name / variant.name)
            self.found[dataset.name, variant.name] = Found(variant.title, found)
            self.figures |= flatten(f"{dataset.name}.{variant.name}", found)
            if variant == OURS:
                self.figures |= _check(dataset.name, found)
            idf1 = [found.reports[kind].cross_camera.idf1 for kind in ("live", "revised")]
            took = time.monotonic() - began
            self.say(f"{dataset.name:<10} {variant.title:<42} IDF1 {idf1[0]:5.1f} / {idf1[1]:5.1f}   {took:5.1f} s")

    def to_table(self) -> str:
        """Write one line a variant: all cameras as one sequence; live / revised where there are two figures."""
        titles = ("IDF1", "HOTA", "MOTA", "switches", "found/true", "purity", "floor IDF1", "map error, m", "ms/tick")
        lines = [f"{'':<12}{'':<44}{titles[0]:>15}{titles[1]:>15}" + "".join(f"{t:>13}" for t in titles[2:])]
        for (dataset, _), found in self.found.items():
            lines.append(f"{dataset:<12}{found.title:<44}{_cells(found.measurement)}")
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Write the figures as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.figures, indent=1) + "\n", encoding="utf-8")


def flatten(prefix: str, found: Measurement) -> Figures:
    """Lay out a measurement under flat keys."""
    figures = flatten_reports(prefix, found.reports)
    figures |= {f"{prefix}.{name}": value for name, value in asdict(found.timeliness).items()}
    figures[f"{prefix}.track_purity"] = found.purity
    figures[f"{prefix}.association_ms_per_tick"] = round(1000 * found.timing.associate_s / max(found.ticks, 1), 3)
    if found.reliability is not None:
        figures[f"{prefix}.expected_calibration_error"] = found.reliability.expected_calibration_error
    return figures


def flatten_reports(prefix: str, reports: Mapping[str, Report]) -> Figures:
    """Lay out reports by kind under flat keys."""
    figures: Figures = {}
    for kind, report in reports.items():
        scopes = {**report.cameras, "all": report.cross_camera}
        if report.floor is not None:
            scopes["floor"] = report.floor
        for scope, scores in scopes.items():
            figures |= {f"{prefix}.{kind}.{scope}.{name}": value for name, value in asdict(scores).items()}
        for name, error in (("box_error", report.ground), ("map_error", report.person_ground)):
            figures[f"{prefix}.{kind}.{name}.median_m"] = error.median_m
            figures[f"{prefix}.{kind}.{name}.p90_m"] = error.p90_m
    return figures


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


def _check(name: str, found: Measurement) -> Figures:
    apart = found.disagreement()
    return {f"{name}.check.largest_difference": apart.shares, f"{name}.check.largest_count_difference": apart.counts}


@dataclass(slots=True)
class _Counter:
    """Says now and then how many pictures are done."""

    say: Say
    what: str
    done: int = 0
    said: int = 0

    def __call__(self, pictures: int) -> None:
        self.done += pictures
        if self.done - self.said >= _EVERY:
            self.said = self.done
            self.say(f"{self.what}: {self.done} pictures")


_EVERY = 500
