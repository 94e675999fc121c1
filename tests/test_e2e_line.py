"""A user's day with the whole line on a generated scene."""

import json
import shutil
import time
from pathlib import Path

import httpx
import pytest
import yaml
from spoton_evaluation import evaluate

from tests.line import Line

pytestmark = pytest.mark.e2e

TOPICS = {"frames", "detections", "tracks", "global-ids", "map-points", "database"}


@pytest.fixture(scope="module")
def registered(line: Line, scene: Path) -> str:
    return line.spoton("environments", "add", scene, check=True).stdout.strip()


def copy_of(scene: Path, folder: Path, environment_id: str) -> Path:
    shutil.copytree(scene, folder)
    document = yaml.safe_load((folder / "environment.yaml").read_text())
    (folder / "environment.yaml").write_text(yaml.safe_dump({**document, "id": environment_id}))
    return folder


def wait_for(condition, timeout_s: float = 60.0):  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.1)
    return found


def test_every_frame_comes_out_and_people_keep_one_identity_over_cameras(
    line: Line, registered: str, scene: Path, tmp_path: Path
) -> None:
    finished = line.spoton("run", registered, "--json", "--export", tmp_path)
    assert finished.returncode == 0, finished.stderr
    report = json.loads(finished.stdout)
    assert report["frames_in"] == 320
    assert report["frames_out"] == dict.fromkeys(TOPICS, 320)
    scores = evaluate(scene / "ground_truth", tmp_path)
    # The figure was 95 or more when this was written; far below it, something broke.
    assert scores.cross_camera.idf1 > 80
    assert scores.ground.median_m is not None
    assert scores.ground.median_m < 0.5


def test_the_same_input_gives_the_same_identities(line: Line, registered: str, tmp_path: Path) -> None:
    for name in ("first", "second"):
        line.spoton("run", registered, "--export", tmp_path / name, check=True)
    for camera in ("c0.txt", "c1.txt"):
        assert (tmp_path / "first" / camera).read_bytes() == (tmp_path / "second" / camera).read_bytes()
        assert (tmp_path / "first" / camera).stat().st_size > 0


def test_a_broken_camera_is_named_and_the_other_goes_on(line: Line, scene: Path, tmp_path: Path) -> None:
    folder = copy_of(scene, tmp_path / "scene", "broken-camera")
    (folder / "c1" / "sub_video_01.mp4").write_text("this is not a video")
    line.spoton("environments", "add", folder, check=True)
    finished = line.spoton("run", "broken-camera", "--json")
    assert finished.returncode == 1
    assert "c1" in finished.stderr
    report = json.loads(finished.stdout)
    assert set(report["camera_errors"]) == {"c1"}
    assert report["frames_out"]["database"] == 160


def test_pause_holds_a_task_resume_lets_it_go_on_and_stop_ends_it(line: Line, registered: str) -> None:
    tasks = f"{line.connections.gateway_url}/api/v1/processing-tasks"
    # Over HTTP: by the time that a second command line has started, so short a task may be over.
    task = httpx.post(f"{tasks}/start", json={"environment_id": registered}).json()["task_id"]
    httpx.post(f"{tasks}/{task}/control", json={"command": "pause"}).raise_for_status()

    def status() -> str:
        return str(httpx.get(f"{tasks}/{task}/status").json()["status"])

    wait_for(lambda: status() == "PAUSED")
    line.spoton("tasks", "resume", task, check=True)
    httpx.post(f"{tasks}/{task}/control", json={"command": "stop"})
    wait_for(lambda: status() in ("STOPPED", "COMPLETED"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nowhere"), "nowhere"),
        (("tasks", "follow", "00000000-0000-0000-0000-000000000000"), "00000000"),
        (("environments", "add", "/nowhere"), "/nowhere"),
        (("export", "00000000-0000-0000-0000-000000000000", "--out", "/tmp/x"), "00000000"),
        (("topics", "tail", "nope"), "nope"),
    ],
)
def test_mistakes_get_a_sentence_and_no_traceback(line: Line, arguments: tuple[str, ...], message: str) -> None:
    finished = line.spoton(*arguments)
    assert finished.returncode == 1
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_segment_produced_by_hand_is_processed(line: Line, registered: str, scene: Path) -> None:
    video = scene / "c0" / "sub_video_01.mp4"
    produced = line.spoton("segments", "produce", video, "--environment", registered, "--camera", "c0", check=True)
    finished = line.spoton("tasks", "follow", produced.stdout.strip())
    assert "COMPLETED: 80 frames" in finished.stdout, finished.stderr


def test_what_is_on_the_topics_can_be_tailed(line: Line, registered: str) -> None:
    task = line.run(registered)["task_id"]
    lines = line.spoton("topics", "tail", "map-points", "--task", task, check=True).stdout.splitlines()
    kinds = [json.loads(text)["value"]["kind"] for text in lines]
    assert kinds[0] == "START"
    assert kinds[-1] == "END_OF_TASK"
    assert kinds.count("FRAME") == 160
    assert kinds.count("END_OF_SEGMENT") == 2
