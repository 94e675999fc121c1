from pathlib import Path

import pytest
from spoton_common.geometry import CalibrationError, read_points_file

HEADER = "image_x,image_y,map_x_m,map_y_m\n"
SQUARE = "0,0,0,0\n100,0,2,0\n100,100,2,2\n0,100,0,2\n"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "c0.points.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text", [HEADER + SQUARE, "\ufeff" + HEADER + SQUARE + "\n\n", HEADER + SQUARE.replace("\n", "\r\n")]
)
def test_reads_points_with_bom_blank_lines_and_windows_line_ends(tmp_path: Path, text: str) -> None:
    calibration = read_points_file(write(tmp_path, text))
    assert calibration.image_px.tolist() == [[0, 0], [100, 0], [100, 100], [0, 100]]
    assert calibration.rms_m < 1e-6


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "c0.points.csv line 1: the header must be"),
        (
            "x,y\n1,2\n",
            "c0.points.csv line 1: the header must be 'image_x,image_y,map_x_m,map_y_m', not 'x",
        ),
        (HEADER + SQUARE + "1,abc,3,4\n", "c0.points.csv line 6: 'abc' is not a number"),
        (HEADER + SQUARE + "1,nan,3,4\n", "c0.points.csv line 6: 'nan' is not a number"),
        (HEADER + "\n1,2,3\n", "c0.points.csv line 3: 4 numbers expected, 3 found"),
        (HEADER + '"' + "1" * 200_000, "c0.points.csv: not CSV: field larger than field limit"),
        (HEADER + "1,2,3,4\n", "c0.points.csv: at least 4 points are needed, 1 given"),
        (HEADER + "0,0,0,0\n1,1,2,0\n2,2,2,2\n3,3,0,2\n", "c0.points.csv: the image points are collinear"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(CalibrationError) as raised:
        read_points_file(write(tmp_path, text))
    assert raised.value.problems[0].startswith(problem)


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError) as raised:
        read_points_file(write(tmp_path, HEADER + "a,b,3,4\n1,2\n"))
    assert [problem.split(": ")[0] for problem in raised.value.problems] == [
        "c0.points.csv line 2",
        "c0.points.csv line 2",
        "c0.points.csv line 3",
    ]


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"c1\.csv: no such file"):
        read_points_file(tmp_path / "c1.csv")
    (tmp_path / "c1.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(CalibrationError, match=r"c1\.csv: cannot be read as text"):
        read_points_file(tmp_path / "c1.csv")
