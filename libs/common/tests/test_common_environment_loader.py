from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from spoton_common.environment import (
    Environment,
    InvalidEnvironmentError,
    load_environment,
    read_environment_folder,
)

Write = Callable[[dict[str, Any]], Path]

IDENTITY = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
MIRRORED = [[1, 0, 0], [0, -1, 0], [0, 0, 1]]


def camera(**changes: Any) -> dict[str, Any]:
    content = {"id": "c0", "sources": ["c0.avi"], **changes}
    return {key: value for key, value in content.items() if value is not None}


def problems(folder: Path) -> tuple[str, ...]:
    with pytest.raises(InvalidEnvironmentError) as raised:
        load_environment(folder)
    return raised.value.problems


def test_everything_that_the_format_has_is_read(write_environment: Write) -> None:
    folder = write_environment(
        {
            "processing_fps": 12.5,
            "classes": ["person", "cup"],
            "cameras": [
                camera(points="c0.points.csv", clock_offset_s=-0.5),
                camera(id="c1", sources=["s3://bucket/c1/0.mp4", "s3://bucket/c1/1.mp4"], homography=IDENTITY),
                camera(id="c2", sources=[(Path(__file__)).as_uri()]),
            ],
            "map": {"image": "floor.png", "metres_per_pixel": 0.02, "origin_px": [3, 4]},
            "monitored_area": [[0, 0], [6, 0], [6, 4]],
            "zones": [{"id": "door", "polygon": [[0, 0], [1, 0], [1, 1]]}],
            "tripwires": [{"id": "gate", "from": [0, 0], "to": [1, 1]}],
        }
    )
    environment = load_environment(folder)
    assert (environment.id, environment.name, environment.processing_fps) == ("hall", "Entrance hall", 12.5)
    assert environment.classes == ("person", "cup")
    first, second, third = environment.cameras
    assert first.sources == ((folder / "c0.avi").as_uri(),)
    assert first.clock_offset_s == -0.5
    assert first.floor_homography is not None
    np.testing.assert_allclose(first.floor_homography.image_to_floor([[10, 20]]), [[1, 2]], atol=1e-6)
    assert second.sources == ("s3://bucket/c1/0.mp4", "s3://bucket/c1/1.mp4")
    assert second.homography == tuple(tuple(map(float, row)) for row in IDENTITY)
    assert third.sources == (Path(__file__).as_uri(),)
    assert third.homography is None
    assert environment.map is not None
    assert environment.map.image == (folder / "floor.png").as_uri()
    assert environment.map.origin_px == (3, 4)
    assert environment.monitored_area == ((0, 0), (6, 0), (6, 4))
    assert environment.zones[0].id == "door"
    assert (environment.tripwires[0].start, environment.tripwires[0].end) == ((0, 0), (1, 1))


def test_defaults(write_environment: Write) -> None:
    environment = load_environment(write_environment({}))
    assert environment.processing_fps is None
    assert environment.classes == ("person",)
    assert environment.cameras[0].clock_offset_s == 0
    assert environment.map is None
    assert environment.monitored_area is None


def test_an_environment_survives_json_and_cannot_be_changed(write_environment: Write) -> None:
    environment = load_environment(write_environment({"tripwires": [{"id": "g", "from": [0, 0], "to": [1, 1]}]}))
    assert Environment.model_validate_json(environment.model_dump_json()) == environment
    with pytest.raises(ValidationError):
        environment.name = "other"  # type: ignore[misc]


def test_a_given_matrix_is_signed_by_the_lower_edge_of_the_picture(write_environment: Write) -> None:
    negative = (-np.array(IDENTITY)).tolist()
    environment = load_environment(write_environment({"cameras": [camera(homography=negative)]}))
    assert environment.cameras[0].homography == tuple(tuple(map(float, row)) for row in IDENTITY)


def test_the_pictures_size_decides_where_a_camera_looks_almost_straight_down(
    write_environment: Write,
) -> None:
    # The horizon is row 1000, far below the 48 rows of the picture: all of the picture is floor.
    matrix = [[0.1, 0, 0], [0, 0.1, 0], [0, -0.001, 1]]
    homography = load_environment(write_environment({"cameras": [camera(homography=matrix)]})).cameras[0]
    assert homography.floor_homography is not None
    assert np.isfinite(homography.floor_homography.image_to_floor([[0, 0], [63, 47]])).all()


def test_what_only_the_folder_knows(write_environment: Write) -> None:
    folder = read_environment_folder(write_environment({}))
    assert folder.picture_sizes == {"c0": (64, 48)}
    assert folder.calibrations["c0"].rms_px < 1e-6


def test_a_missing_folder_or_file_is_named(tmp_path: Path) -> None:
    assert problems(tmp_path / "none") == ("no such folder",)
    assert problems(tmp_path) == ("environment.yaml: no such file",)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("id: [", "environment.yaml: not YAML: while parsing"),
        ("- a\n- b\n", "environment.yaml: must hold keys"),
        ("", "environment.yaml: must hold keys"),
        ("id: \ufeff\x00", "environment.yaml: not YAML"),
    ],
)
def test_files_that_are_no_environment(tmp_path: Path, text: str, start: str) -> None:
    (tmp_path / "environment.yaml").write_text(text)
    assert problems(tmp_path)[0].startswith(start)


BOW_TIE = [[0, 0], [1, 1], [1, 0], [0, 1]]

MISTAKES = {
    "unknown key": ({"colour": "red"}, "colour: unknown key"),
    "no id": ({"id": None}, "id: missing"),
    "bad id": ({"id": "Main Hall"}, "id: must consist of"),
    "no name": ({"name": ""}, "name: must not be empty"),
    "no cameras key": ({"cameras": None}, "cameras: missing"),
    "no cameras": ({"cameras": []}, "cameras: at least one is needed"),
    "cameras not a list": ({"cameras": 3}, "cameras: must be a list"),
    "camera not a mapping": ({"cameras": ["c0"]}, "cameras[0]: must hold keys with values"),
    "zero fps": ({"processing_fps": 0}, "processing_fps: Input should be greater than 0"),
    "negative fps": ({"processing_fps": -5}, "processing_fps: Input should be greater than 0"),
    "endless fps": ({"processing_fps": float("inf")}, "processing_fps: Input should be a finite number"),
    "no classes": ({"classes": []}, "classes: at least one is needed"),
    "unknown camera key": ({"cameras": [camera(fps=3)]}, "cameras[0].fps: unknown key"),
    "camera id": ({"cameras": [camera(id="C 0")]}, "cameras[0].id: must consist of"),
    "numeric camera id": ({"cameras": [camera(id=7)]}, "cameras[0].id: Input should be a valid string"),
    "camera id twice": ({"cameras": [camera(), camera()]}, "cameras: the id 'c0' is used 2 times"),
    "no sources key": ({"cameras": [camera(sources=None)]}, "cameras[0].sources: missing"),
    "no sources": ({"cameras": [camera(sources=[])]}, "cameras[0].sources: at least one is needed"),
    "empty source": (
        {"cameras": [camera(sources=[""])]},
        "cameras[0].sources[0]: must not be empty",
    ),
    "missing source": (
        {"cameras": [camera(sources=["c0.avi", "c9.avi"])]},
        "cameras[0].sources[1]: 'c9.avi': no such file",
    ),
    "missing file URL": (
        {"cameras": [camera(sources=["file:///nowhere/a.mp4"])]},
        "cameras[0].sources[0]: 'file:///nowhere/a.mp4': no such file",
    ),
    "relative file URL": (
        {"cameras": [camera(sources=["file://c0.avi"])]},
        "cameras[0].sources[0]: 'file://c0.avi' must be file:///absolute/path",
    ),
    "scheme": (
        {"cameras": [camera(sources=["http://host/a.mp4"])]},
        "cameras[0].sources[0]: 'http://host/a.mp4': only relative paths, file:// and s3:// are supported",
    ),
    "bucket without key": (
        {"cameras": [camera(sources=["s3://bucket"])]},
        "cameras[0].sources[0]: 's3://bucket' must be s3://bucket/key",
    ),
    "clock offset": (
        {"cameras": [camera(clock_offset_s="late")]},
        "cameras[0].clock_offset_s: Input should be a valid number",
    ),
    "homography and points": (
        {"cameras": [camera(homography=IDENTITY, points="c0.points.csv")]},
        "cameras[0]: give either homography or points, not both",
    ),
    "matrix shape": (
        {"cameras": [camera(homography=[[1, 2], [3, 4]])]},
        "cameras[0].homography[0][2]: missing",
    ),
    "matrix with words": (
        {"cameras": [camera(homography=[[1, 0, "x"], [0, 1, 0], [0, 0, 1]])]},
        "cameras[0].homography[0][2]: Input should be a valid number",
    ),
    "infinite matrix": (
        {"cameras": [camera(homography=[[1, 0, float("nan")], [0, 1, 0], [0, 0, 1]])]},
        "cameras[0].homography[0][2]: Input should be a finite number",
    ),
    "singular matrix": (
        {"cameras": [camera(homography=[[1, 0, 0], [2, 0, 0], [0, 0, 1]])]},
        "cameras[0].homography: the homography is singular",
    ),
    "missing points": (
        {"cameras": [camera(points="c9.csv")]},
        "cameras[0].points: c9.csv: no such file",
    ),
    "points not a name": (
        {"cameras": [camera(points=[[1, 2, 3, 4]])]},
        "cameras[0].points: must be the name of a points file",
    ),
    "mirrored camera": (
        {"cameras": [camera(homography=IDENTITY), camera(id="c1", homography=MIRRORED)]},
        "cameras: the floor of c1 is a mirror image of that of c0",
    ),
    "map without picture": (
        {"map": {"image": "plan.png", "metres_per_pixel": 0.1}},
        "map.image: 'plan.png': no such file",
    ),
    "map without scale": ({"map": {"image": "floor.png"}}, "map.metres_per_pixel: missing"),
    "map scale": (
        {"map": {"image": "floor.png", "metres_per_pixel": 0}},
        "map.metres_per_pixel: Input should be greater than 0",
    ),
    "endless map scale": (
        {"map": {"image": "floor.png", "metres_per_pixel": float("inf")}},
        "map.metres_per_pixel: Input should be a finite number",
    ),
    "area of two corners": (
        {"monitored_area": [[0, 0], [1, 1]]},
        "monitored_area: a polygon needs at least 3",
    ),
    "area on a line": ({"monitored_area": [[0, 0], [1, 1], [2, 2]]}, "monitored_area: not a simple polygon"),
    "crossed zone": (
        {"zones": [{"id": "door", "polygon": BOW_TIE}]},
        "zones[0].polygon: not a simple polygon: Self-intersection",
    ),
    "corner of three numbers": (
        {"monitored_area": [[0, 0, 0], [1, 1], [2, 0]]},
        "monitored_area[0]: Tuple should have at most 2",
    ),
    "zone id twice": (
        {"zones": [{"id": "a", "polygon": [[0, 0], [1, 0], [1, 1]]}] * 2},
        "zones: the id 'a' is used 2 times",
    ),
    "tripwire without length": (
        {"tripwires": [{"id": "gate", "from": [1, 1], "to": [1, 1]}]},
        "tripwires[0]: a line needs two different ends",
    ),
    "tripwire without end": ({"tripwires": [{"id": "gate", "from": [1, 1]}]}, "tripwires[0].to: missing"),
}


@pytest.mark.parametrize(("changes", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_its_place(write_environment: Write, changes: dict[str, Any], expected: str) -> None:
    found = problems(write_environment(changes))
    assert any(problem.startswith(expected) for problem in found), found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2,3,4\n1,abc,3,4\n", "cameras[0].points: c0.points.csv line 3: 'abc' is not a number"),
        ("1,2,3,4\n", "cameras[0].points: c0.points.csv: at least 4 points are needed, 1 given"),
        (
            "0,0,0,0\n1,1,1,0\n2,2,1,1\n3,3,0,1\n",
            "cameras[0].points: c0.points.csv: the image points are collinear",
        ),
    ],
)
def test_mistakes_in_a_points_file_are_named(write_environment: Write, text: str, expected: str) -> None:
    folder = write_environment({})
    (folder / "c0.points.csv").write_text("image_x,image_y,map_x_m,map_y_m\n" + text)
    assert problems(folder) == (expected,)


def test_all_mistakes_are_listed_at_once(write_environment: Write) -> None:
    cameras = [camera(sources=["nothing.mp4"], points="c9.csv"), camera(homography=[[0] * 3] * 3)]
    folder = write_environment({"id": "NO", "cameras": cameras, "processing_fps": 0})
    with pytest.raises(InvalidEnvironmentError) as raised:
        load_environment(folder)
    places = sorted(problem.split(": ")[0] for problem in raised.value.problems)
    assert places == [
        "cameras",
        "cameras[0].points",
        "cameras[0].sources[0]",
        "cameras[1].homography",
        "id",
        "processing_fps",
    ]
    assert str(raised.value).startswith(f"environment {folder} has 6 mistakes:\n  cameras: the id 'c0'")
