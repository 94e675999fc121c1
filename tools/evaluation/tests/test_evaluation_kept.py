"""Runs are made once: after an interruption an evaluation goes on where it was."""

from dataclasses import replace
from pathlib import Path

import pytest
from spoton_evaluation import kept
from spoton_evaluation.datasets import Dataset
from spoton_evaluation.jobs import Found, Job
from spoton_evaluation.offline.run import Models
from spoton_evaluation.offline.variants import OURS, TRUE_BOXES
from spoton_evaluation.places import Folders


@pytest.fixture
def job(tmp_path: Path) -> Job:
    truth = tmp_path / "ground_truth"
    truth.mkdir()
    (truth / "c0.txt").write_text("1,1,0,0,10,20,1,1,1\n")
    dataset = Dataset("hall", tmp_path, truth, Models())
    return Job(dataset, OURS, Folders(cache=tmp_path / "cache"), 1, 0.0)


def found(job: Job, run_variant) -> Found:  # type: ignore[no-untyped-def]
    return Found(job.dataset.name, job.variant, run_variant(job.variant), {"hall.ours.track_purity": 96.0}, 1.0)


def test_a_run_is_recalled_as_it_was(job: Job, run_variant) -> None:  # type: ignore[no-untyped-def]
    assert kept.recall(job) is None
    kept.keep(job, found(job, run_variant))
    recalled = kept.recall(job)
    assert recalled is not None
    assert recalled.figures == {"hall.ours.track_purity": 96.0}
    assert recalled.measurement.reports == run_variant(OURS).reports
    assert kept.recall(replace(job, variant=TRUE_BOXES)) is None


def test_another_truth_or_other_code_is_another_run(job: Job, run_variant, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    kept.keep(job, found(job, run_variant))
    (job.dataset.ground_truth / "c0.txt").write_text("1,2,0,0,10,20,1,1,1\n")
    assert kept.recall(job) is None
    monkeypatch.setattr(kept, "_code", lambda: "changed")
    kept.keep(job, found(job, run_variant))
    assert len(list(job.folders.cache.glob("result-hall.ours-*"))) == 1  # the older one is gone
