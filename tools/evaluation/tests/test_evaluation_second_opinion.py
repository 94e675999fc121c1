"""Two libraries that share no code count alike."""

from pathlib import Path

import numpy as np
import pytest
from spoton_evaluation.ground_truth import load_ground_truth
from spoton_evaluation.matching import ScoredFrame
from spoton_evaluation.report import match
from spoton_evaluation.scores import score
from spoton_evaluation.second_opinion import compare

_CHECK = Path(__file__).resolve().parents[4] / "shared" / "data" / "metrics-check"


def sequence(seed: int) -> list[ScoredFrame]:
    """Six people over 40 frames: misses, false boxes, swaps, overlaps of every size."""
    rng = np.random.default_rng(seed)
    names = np.arange(6)
    frames = []
    for _ in range(40):
        if rng.random() < 0.15:
            names = rng.permutation(names)
        true = np.flatnonzero(rng.random(6) < 0.8)
        found = np.flatnonzero(rng.random(6) < 0.85)
        similarity = np.where(true[:, None] == found[None, :], rng.uniform(0.3, 1, (len(true), len(found))), 0.0)
        frames.append(ScoredFrame(true, names[found] + 10, similarity, true, found))
    return frames


@pytest.mark.parametrize("seed", range(3))
def test_two_libraries_agree_on_random_sequences(seed: int) -> None:
    frames = sequence(seed)
    apart = compare(score(frames), frames)
    assert apart.shares <= 0.1
    assert apart.counts == 0


@pytest.mark.skipif(not _CHECK.is_dir(), reason="metrics-check is not on this machine")
@pytest.mark.parametrize("name", ["TUD-Campus", "TUD-Stadtmitte"])
def test_two_libraries_agree_on_published_sequences(name: str, tmp_path: Path) -> None:
    for kind in ("gt", "test"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "c0.txt").write_text((_CHECK / name / f"{kind}.txt").read_text())
    frames = match(load_ground_truth(tmp_path / "gt"), tmp_path / "test").all_frames()
    apart = compare(score(frames), frames)
    assert apart.shares <= 0.1
    assert apart.counts == 0
