"""What is measured without Kafka is what the line does: the same identities, to the bit."""

import json
from pathlib import Path

import pytest
from spoton_evaluation.offline.cache import Cache
from spoton_evaluation.offline.export import KINDS, write_exports
from spoton_evaluation.offline.run import Models, OfflineLine, run_environment

from tests.line import Line

pytestmark = pytest.mark.e2e


def test_an_offline_run_gives_the_lines_export(line: Line, scene: Path, tmp_path: Path) -> None:
    environment_id = line.spoton("environments", "add", scene, check=True).stdout.strip()
    task = json.loads(line.spoton("run", environment_id, "--json").stdout)["task_id"]
    for kind in KINDS:
        line.spoton("export", task, "--identities", kind, "--out", tmp_path / "line" / kind, check=True)
    line.spoton("export", task, "--as-of-revision", 0, "--out", tmp_path / "line" / "first", check=True)
    assert (tmp_path / "line" / "first" / "c0.txt").read_bytes() == (tmp_path / "line" / "live" / "c0.txt").read_bytes()
    published, _ = run_environment(OfflineLine(Models(), Cache(tmp_path / "cache")), scene)
    write_exports(published, tmp_path / "offline")
    for kind in KINDS:
        for camera in ("c0.txt", "c1.txt"):
            of_line = (tmp_path / "line" / kind / camera).read_bytes()
            assert of_line.count(b"\n") > 100
            assert (tmp_path / "offline" / kind / camera).read_bytes() == of_line
