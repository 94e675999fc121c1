import re
from pathlib import Path

import pytest
from spoton_common.environment import load_environment
from spoton_common.geometry import read_points_file

GUIDE = Path(__file__).parents[3] / "docs" / "environments.md"


@pytest.fixture
def examples() -> dict[str, str]:
    return dict(re.findall(r"```(yaml|csv)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL))


def test_the_guides_example_is_a_valid_environment(examples: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "environment.yaml").write_text(examples["yaml"])
    (tmp_path / "north.points.csv").write_text(examples["csv"])
    for name in ("north-0.mp4", "north-1.mp4", "floor.png"):
        (tmp_path / name).touch()
    environment = load_environment(tmp_path)
    assert [camera.id for camera in environment.cameras] == ["north", "south"]
    assert all(camera.homography is not None for camera in environment.cameras)


def test_the_guides_points_fit(examples: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(examples["csv"])
    assert read_points_file(tmp_path / "points.csv").rms_px < 5
