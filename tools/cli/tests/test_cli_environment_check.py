from pathlib import Path

import cv2
import pytest
from spoton_cli.environment_commands import app
from typer.testing import CliRunner

POINTS = "image_x,image_y,map_x_m,map_y_m\n0,0,0,0\n64,0,6.4,0\n64,48,6.4,4.8\n0,48,0,4.8\n32,24,3.2,2.4\n"
ENVIRONMENT = "id: hall\nname: Hall\ncameras:\n  - {id: c0, sources: [s3://b/c0.mp4], points: c0.csv}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "environment.yaml").write_text(ENVIRONMENT)
    (tmp_path / "c0.csv").write_text(POINTS)
    return tmp_path


def test_reports_the_fit(folder: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(folder)], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "hall" in result.output
    assert "0.000" in result.output
    assert "warning c0: its first source is no readable local video" in result.output


def test_draws_the_picture(folder: Path) -> None:
    target = folder / "check.png"
    result = CliRunner().invoke(app, ["check", str(folder), "--picture", str(target)])
    assert result.exit_code == 0, result.output
    assert cv2.imread(str(target)) is not None


@pytest.mark.parametrize("name", ["nowhere/check.png", "check.xyz"])
def test_a_picture_that_cannot_be_written_is_told(folder: Path, name: str) -> None:
    result = CliRunner().invoke(app, ["check", str(folder), "--picture", str(folder / name)])
    assert result.exit_code == 1
    assert "cannot write" in result.output


def test_mistakes_end_with_status_1_and_are_listed(folder: Path) -> None:
    (folder / "c0.csv").write_text(POINTS + "1,abc,2,3\n")
    result = CliRunner().invoke(app, ["check", str(folder)])
    assert result.exit_code == 1
    assert "cameras[0].points: c0.csv line 7: 'abc' is not a number" in result.output
