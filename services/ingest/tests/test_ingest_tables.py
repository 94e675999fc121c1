import subprocess
import sys
from pathlib import Path

import pytest
from spoton_common.errors import RejectedRecord
from spoton_ingest.admission import find_scene
from spoton_ingest.cache import CacheFolder
from spoton_ingest.commands import CommandTable
from spoton_ingest.offsets import PartitionOffsets
from spoton_schemas.records import Command, CommandName, Scene, SceneCamera, Segment, StatusKind


def _command(name: CommandName, command_id: str) -> Command:
    return Command(task_id="t", environment_id="e", command_id=command_id, command=name)


def test_pause_and_resume() -> None:
    table = CommandTable()
    assert table.take(_command(CommandName.PAUSE, "1")) is StatusKind.PAUSED
    assert table.paused("t")
    assert not table.paused("other")
    assert table.take(_command(CommandName.RESUME, "2")) is StatusKind.RESUMED
    assert not table.paused("t")


def test_a_repeated_command_changes_nothing() -> None:
    table = CommandTable()
    table.take(_command(CommandName.PAUSE, "1"))
    table.take(_command(CommandName.RESUME, "2"))
    assert table.take(_command(CommandName.PAUSE, "1")) is None
    assert not table.paused("t")


def test_a_stop_is_for_good_and_lets_paused_cameras_end() -> None:
    table = CommandTable()
    table.take(_command(CommandName.PAUSE, "1"))
    assert table.take(_command(CommandName.STOP, "2")) is StatusKind.STOPPED
    assert table.stopped("t")
    assert not table.paused("t")
    assert table.take(_command(CommandName.PAUSE, "3")) is None


def test_focus_is_not_for_ingest() -> None:
    assert CommandTable().take(_command(CommandName.FOCUS, "1")) is None


def test_only_offsets_without_a_gap_are_committed() -> None:
    offsets = PartitionOffsets()
    for offset in (5, 6, 9):
        offsets.begin(offset)
    offsets.done(6)
    assert offsets.committable() is None
    offsets.done(5)
    assert offsets.committable() == 7
    assert offsets.committable() is None
    offsets.done(9)
    assert offsets.committable() == 10


def _segment(**changes: object) -> Segment:
    values: dict[str, object] = {
        "task_id": "t",
        "environment_id": "e",
        "camera_id": "c0",
        "sub_video_batch_index": 0,
        "uri": "file:///a.mp4",
    }
    return Segment(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"environment_id": "x"}, "unknown_environment"),
        ({"camera_id": "c9"}, "unknown_camera"),
        ({"camera_ids": ("c1",)}, "unknown_camera"),
    ],
)
def test_cameras_that_nobody_can_wait_for_are_rejected(changes: dict[str, object], reason: str) -> None:
    cameras = (SceneCamera("c0"), SceneCamera("c1"))
    scenes = {"e": Scene("e", "E", 25.0, cameras)}
    with pytest.raises(RejectedRecord) as rejected:
        find_scene(_segment(**changes), scenes)
    assert rejected.value.reason == reason


def test_the_cache_keeps_names_of_users_out_of_paths(tmp_path: Path) -> None:
    with CacheFolder(tmp_path) as cache:
        path = cache.place("..", "c 0/../..", 3, "s3://b/a.mp4")
        own = next(tmp_path.iterdir())
        assert path.resolve().is_relative_to(own.resolve())
        assert len(path.relative_to(own).parts) == 3
        assert path.name == "3.mp4"
        assert cache.place("t", "c0", 0, "s3://b/x.<>").name == "0"


def test_an_unneeded_video_goes_with_its_folders(tmp_path: Path) -> None:
    with CacheFolder(tmp_path) as cache:
        path = cache.place("t", "c0", 0, "s3://b/a.mp4")
        path.write_bytes(b"x")
        cache.remove(path)
        assert not path.parent.parent.exists()
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_dead_processes_go_and_living_ones_stay(tmp_path: Path) -> None:
    die = "import os, sys, pathlib; from spoton_ingest.cache import CacheFolder as C; c = C(pathlib.Path(sys.argv[1]));"
    die += "c.__enter__(); c.place('t', 'c', 0, 'a').write_bytes(b'x'); os._exit(1)"
    subprocess.run([sys.executable, "-c", die, str(tmp_path)], check=False)
    (dead,) = tmp_path.iterdir()
    (tmp_path / "not-ours").mkdir()
    with CacheFolder(tmp_path) as living, CacheFolder(tmp_path):
        assert not dead.exists()
        assert living.place("t", "c", 0, "a").parent.exists()
        assert (tmp_path / "not-ours").exists()
