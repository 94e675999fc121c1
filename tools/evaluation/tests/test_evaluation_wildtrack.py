"""WILDTRACK's layout: a small sample written here, and MultiviewX's where it is present."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from spoton_evaluation import GroundTruthError, evaluate
from spoton_evaluation.ground_truth import load_ground_truth

_MULTIVIEWX = Path(__file__).resolve().parents[4] / "shared" / "data" / "multiviewx-sample"
# A camera 3 m above (0, -6) m that looks down along +y; WILDTRACK counts centimetres.
_MATRIX = np.array([[1000.0, 0, 960], [0, 1000, 540], [0, 0, 1]])
_ROTATION = np.array([[1.0, 0, 0], [0, -np.sin(0.3), -np.cos(0.3)], [0, np.cos(0.3), -np.sin(0.3)]])
_CENTRE_CM = np.array([0.0, -600, 300])


def sequence_of(values: np.ndarray) -> str:
    return " ".join(f"{value:.10f}" for value in np.ravel(values))


@pytest.fixture
def wildtrack(tmp_path: Path) -> Path:
    folder = tmp_path / "wildtrack"
    for name in ("annotations_positions", "calibrations/intrinsic_zero", "calibrations/extrinsic"):
        (folder / name).mkdir(parents=True)
    rvec = cv2.Rodrigues(_ROTATION)[0]
    for view in range(2):
        name = f"CVLab{view + 1}.xml"
        (folder / "calibrations/extrinsic" / f"extr_{name}").write_text(
            f"<?xml version='1.0'?><opencv_storage><rvec>{sequence_of(rvec)}</rvec>"
            f"<tvec>{sequence_of(-_ROTATION @ _CENTRE_CM)}</tvec></opencv_storage>"
        )
        (folder / "calibrations/intrinsic_zero" / f"intr_{name}").write_text(
            "<?xml version='1.0'?><opencv_storage><camera_matrix type_id='opencv-matrix'><rows>3</rows><cols>3</cols>"
            f"<dt>d</dt><data>{sequence_of(_MATRIX)}</data></camera_matrix></opencv_storage>"
        )
    for step in range(3):
        cell = (360 + 40 * step) * 480 + 120  # 3 m right of the grid's corner: x = 0; y = 0, 1, 2 m
        views = [view_of(0, 900, 400, 960, 600), view_of(1, -1, -1, -1, -1)]
        people = [{"personID": 7, "positionID": cell, "views": views}]
        (folder / "annotations_positions" / f"{step * 5:08d}.json").write_text(json.dumps(people))
    return folder


def view_of(number: int, *corners: int) -> dict[str, int]:
    return {"viewNum": number, **dict(zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True))}


def test_boxes_places_and_planes_are_read(wildtrack: Path) -> None:
    truth = load_ground_truth(wildtrack)
    assert list(truth.cameras) == ["C1", "C2"]
    assert truth.cameras["C1"].frames.tolist() == [1, 6, 11]
    assert truth.cameras["C1"].boxes_xywh[0].tolist() == [900, 400, 60, 200]
    assert len(truth.cameras["C2"]) == 0
    assert truth.floor[6, 7] == pytest.approx((0.0, 1.0))
    foot = _MATRIX @ _ROTATION @ (np.array([100.0, 0, 0]) - _CENTRE_CM)
    place = truth.homographies["C1"] @ (foot / foot[2])
    assert place[:2] / place[2] == pytest.approx([1.0, 0.0])


def test_it_is_scored_like_any_other(wildtrack: Path, tmp_path: Path) -> None:
    rows = [f"{frame},3,900,400,60,200,0.9,0.3,{second},-1" for second, frame in enumerate((1, 6, 11))]
    for camera, text in (("C1", "\n".join(rows)), ("C2", "")):
        (tmp_path / f"{camera}.txt").write_text(text)
    report = evaluate(wildtrack, tmp_path)
    assert report.cross_camera.idf1 == 100
    assert report.floor is not None
    assert report.floor.idf1 == 100
    assert report.ground.median_m == pytest.approx(0.3)


def test_mistakes_are_named(wildtrack: Path) -> None:
    (wildtrack / "calibrations/intrinsic_zero/intr_CVLab2.xml").unlink()
    with pytest.raises(GroundTruthError, match=r"intr_CVLab2\.xml"):
        load_ground_truth(wildtrack)
    (wildtrack / "annotations_positions/00000005.json").write_text("[{}]")
    (wildtrack / "calibrations/extrinsic/extr_CVLab2.xml").unlink()
    with pytest.raises(GroundTruthError, match=r"00000005\.json.*personID"):
        load_ground_truth(wildtrack)


@pytest.mark.skipif(not _MULTIVIEWX.is_dir(), reason="the MultiviewX sample is not on this machine")
def test_multiviewx_feet_stand_where_its_grid_has_them() -> None:
    truth = load_ground_truth(_MULTIVIEWX)
    apart = []
    for camera, boxes in truth.cameras.items():
        x, y, width, height = boxes.boxes_xywh.T
        inside = (x > 5) & (x + width < 1915) & (y + height < 1075)
        feet = np.stack([x + width / 2, y + height, np.ones(len(x))])[:, inside]
        places = truth.homographies[camera] @ feet
        true = np.array([truth.floor[f, i] for f, i in zip(boxes.frames, boxes.identities, strict=True)])[inside]
        apart += np.hypot(*(places[:2] / places[2] - true.T)).tolist()
    assert np.median(apart) < 0.3
