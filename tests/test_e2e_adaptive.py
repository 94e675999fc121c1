"""The line with a detector that looks at every third to fifth picture only."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from spoton_evaluation import evaluate
from spoton_local import Layout, stack
from spoton_local.processes import Processes

from tests.line import Line

pytestmark = pytest.mark.e2e

LAYOUT = Layout(Path(__file__).parents[1] / ".local" / "test-line")


def restart_detector() -> None:
    Processes(LAYOUT).stop("detector")
    stack.up(LAYOUT, environ={})


@pytest.fixture
def adaptive(line: Line, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    with monkeypatch.context() as context:
        context.setitem(os.environ, "SPOTON_DETECTOR_MODE", "adaptive")
        restart_detector()
    yield line
    restart_detector()


def test_every_frame_comes_out_and_people_keep_their_identities(adaptive: Line, scene: Path, tmp_path: Path) -> None:
    environment_id = adaptive.spoton("environments", "add", scene, check=True).stdout.strip()
    report = adaptive.run(environment_id, "--export", str(tmp_path))
    assert set(report["frames_out"].values()) == {report["frames_in"]} == {320}
    tail = adaptive.spoton("topics", "tail", "detections", "--task", report["task_id"], check=True).stdout
    looks = tail.count('"observed":true') + tail.count('"observed": true')
    assert 320 / 4 < looks < 320 * 3 / 4  # ten pictures a second: every second one while somebody is there
    # The figure was within a point of that of all pictures when this was written; far below it, something broke.
    assert evaluate(scene / "ground_truth", tmp_path).cross_camera.idf1 > 80
