from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoton_common.environment import EnvironmentCheck, check_environment, draw_check, read_environment_folder

Write = Callable[[dict[str, Any]], Path]

TENTH = [[0.1, 0, 0], [0, 0.1, 0], [0, 0, 1]]
SHIFTED = [[0.1, 0, 100], [0, 0.1, 0], [0, 0, 1]]
COARSE = [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1]]


def check(folder: Path) -> EnvironmentCheck:
    return check_environment(read_environment_folder(folder))


def cameras(*homographies: object) -> dict[str, Any]:
    return {
        "cameras": [
            {"id": f"c{index}", "sources": ["c0.avi"], "homography": homography}
            for index, homography in enumerate(homographies)
        ]
    }


def test_a_sound_environment_has_no_warnings(write_environment: Write) -> None:
    report = check(write_environment({}))
    (camera,) = report.cameras
    assert camera.calibration is not None
    assert camera.calibration.rms_px < 1e-6
    # 64 x 48 pixels of 0.1 m.
    assert camera.floor_area_m2 == pytest.approx(6.4 * 4.8)
    assert report.floor_area_m2 == pytest.approx(6.4 * 4.8)
    assert report.warnings == ()


def test_floor_seen_twice_counts_once(write_environment: Write) -> None:
    report = check(write_environment(cameras(TENTH, TENTH)))
    assert report.floor_area_m2 == pytest.approx(6.4 * 4.8)


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        (cameras(None), "c0: neither homography nor points"),
        (cameras(TENTH, SHIFTED), "c1: its floor overlaps no other camera's"),
        (cameras(COARSE), "c0: sees no floor at 0.25 m a pixel or better"),
        (
            {"cameras": [{"id": "c0", "sources": ["s3://b/k"], "homography": TENTH}]},
            "c0: its first source is no",
        ),
        ({"monitored_area": [[0, 0], [640, 0], [640, 480]]}, "monitored_area: only 0% of it is seen"),
        (
            {
                **cameras([[0.1, 0, 0], [0, -0.1, 0], [0, 0, 1]]),
                "map": {"image": "floor.png", "metres_per_pixel": 0.1},
            },
            "map: y must run down",
        ),
    ],
)
def test_what_may_be_wrong_is_told(write_environment: Write, changes: dict[str, Any], warning: str) -> None:
    warnings = check(write_environment(changes)).warnings
    assert any(text.startswith(warning) for text in warnings), warnings


def test_four_points_and_bad_clicks_are_told(write_environment: Write) -> None:
    folder = write_environment({})
    points = folder / "c0.points.csv"
    good = points.read_text()
    points.write_text("".join(good.splitlines(keepends=True)[:5]))
    assert "4 points always fit exactly" in check(folder).warnings[0]
    points.write_text(good + "20,10,5,1\n")
    warning = check(folder).warnings[0]
    assert warning.startswith("c0: the points fit badly")
    assert "the worst is number 7" in warning


def test_the_picture_shows_clicks_fit_and_floor(write_environment: Write) -> None:
    zones = [{"id": "door", "polygon": [[0, 0], [1, 0], [1, 1]]}]
    wires = [{"id": "gate", "from": [0, 0], "to": [1, 1]}]
    floor = {"image": "floor.png", "metres_per_pixel": 0.1}
    area = [[0, 0], [6, 0], [6, 4]]
    changes = {"zones": zones, "tripwires": wires, "map": floor, "monitored_area": area}
    picture = draw_check(check(write_environment(changes)))
    assert picture.shape == (800, 640 + 800, 3)
    # The point clicked at (32, 24) of 64x48 is drawn in the middle of a 640x480 panel, on grey video.
    assert picture[240, 320].tolist() == [0, 0, 255]
    assert (picture[230:251, 310:331] == [0, 200, 0]).all(axis=2).any()
    assert np.abs(picture[100, 500].astype(int) - 90).max() < 6


def test_the_picture_needs_neither_video_nor_floor(write_environment: Write) -> None:
    cameras_without = [{"id": "c0", "sources": ["s3://b/k"]}, {"id": "c1", "sources": ["c0.points.csv"]}]
    assert draw_check(check(write_environment({"cameras": cameras_without}))).shape[2] == 3
