"""The scores agree with published figures and with sums that a person can check."""

from pathlib import Path

import pytest
from spoton_evaluation import EvaluationError, ExportError, GroundTruthError, evaluate

_SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
_CHECK = _SHARED / "metrics-check"
_PUBLISHED = {  # py-motmetrics' figures: IDF1, MOTA, switches, false positives, misses
    "TUD-Campus": (55.8, 52.6, 7, 13, 150),
    "TUD-Stadtmitte": (64.5, 56.4, 7, 45, 452),
}


def write(folder: Path, camera: str, rows: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{camera}.txt").write_text("\n".join(rows))


def truth_row(frame: int, identity: int, x: float, visibility: float = 1.0) -> str:
    return f"{frame},{identity},{x},10,40,100,1,1,{visibility}"


def found_row(frame: int, identity: int, x: float, floor: str = "-1,-1") -> str:
    return f"{frame},{identity},{x},10,40,100,0.9,{floor},-1"


@pytest.mark.skipif(not _CHECK.is_dir(), reason="metrics-check is not on this machine")
@pytest.mark.parametrize("sequence", sorted(_PUBLISHED))
def test_agrees_with_published_figures(sequence: str, tmp_path: Path) -> None:
    for kind in ("gt", "test"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "c0.txt").write_text((_CHECK / sequence / f"{kind}.txt").read_text())
    scores = evaluate(tmp_path / "gt", tmp_path / "test").cross_camera
    idf1, mota, switches, false_positives, misses = _PUBLISHED[sequence]
    assert scores.idf1 == pytest.approx(idf1, abs=0.06)
    assert scores.mota == pytest.approx(mota, abs=0.06)
    assert (scores.identity_switches, scores.false_positives, scores.misses) == (
        switches,
        false_positives,
        misses,
    )


def test_perfect_export_scores_100(tmp_path: Path) -> None:
    for camera in ("c0", "c1"):
        write(tmp_path / "gt", camera, [truth_row(f, 1, 100) for f in (1, 6, 11)])
        write(tmp_path / "out", camera, [found_row(f, 7, 100) for f in range(1, 12)])
    report = evaluate(tmp_path / "gt", tmp_path / "out")
    assert report.cross_camera.idf1 == report.cross_camera.hota == report.cross_camera.mota == 100
    assert report.cross_camera.true_boxes == 6


def test_another_identity_in_the_second_camera_halves_idf1_but_not_mota_per_camera(tmp_path: Path) -> None:
    for camera, identity in (("c0", 7), ("c1", 8)):
        write(tmp_path / "gt", camera, [truth_row(f, 1, 100) for f in range(1, 11)])
        write(tmp_path / "out", camera, [found_row(f, identity, 100) for f in range(1, 11)])
    report = evaluate(tmp_path / "gt", tmp_path / "out")
    assert report.cameras["c0"].idf1 == 100
    assert report.cross_camera.idf1 == pytest.approx(50)  # IDTP 10, IDFP 10, IDFN 10


def test_hidden_people_are_neither_missed_nor_found(tmp_path: Path) -> None:
    rows = [truth_row(f, 1, 100) for f in range(1, 5)] + [truth_row(f, 2, 300, 0.2) for f in range(1, 5)]
    write(tmp_path / "gt", "c0", rows)
    write(tmp_path / "out", "c0", [found_row(f, 1, 100) for f in range(1, 5)] + [found_row(1, 2, 300)])
    scores = evaluate(tmp_path / "gt", tmp_path / "out").cross_camera
    assert (scores.misses, scores.false_positives, scores.idf1) == (0, 0, 100)


def test_unmatched_box_is_a_false_positive(tmp_path: Path) -> None:
    write(tmp_path / "gt", "c0", [truth_row(f, 1, 100) for f in range(1, 5)])
    write(tmp_path / "out", "c0", [found_row(f, 1, 100) for f in range(1, 5)] + [found_row(2, 9, 300)])
    assert evaluate(tmp_path / "gt", tmp_path / "out").cross_camera.false_positives == 1


def test_ground_error_is_measured_where_both_positions_exist(tmp_path: Path) -> None:
    write(tmp_path / "gt", "c0", [truth_row(f, 1, 100) for f in (1, 2, 3)])
    (tmp_path / "gt" / "floor.csv").write_text("frame,id,x_m,y_m\n1,1,2.0,3.0\n2,1,2.0,3.0\n")
    floors = {1: "2.3,3.4", 2: "-1,-1", 3: "9,9"}
    write(tmp_path / "out", "c0", [found_row(f, 1, 100, floor) for f, floor in floors.items()])
    ground = evaluate(tmp_path / "gt", tmp_path / "out").ground
    assert ground.compared == 1
    assert ground.median_m == pytest.approx(0.5)


def test_a_camera_that_found_nobody_misses_everybody(tmp_path: Path) -> None:
    for camera in ("c0", "c1"):
        write(tmp_path / "gt", camera, [truth_row(1, 1, 100)])
    write(tmp_path / "out", "c0", [])
    write(tmp_path / "out", "c1", [found_row(1, 1, 100)])
    report = evaluate(tmp_path / "gt", tmp_path / "out")
    assert (report.cameras["c0"].misses, report.cameras["c0"].idf1) == (1, 0)
    assert report.cameras["c1"].idf1 == 100


def test_an_export_or_a_ground_truth_without_anybody_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path / "gt", "c0", [truth_row(1, 1, 100)])
    write(tmp_path / "out", "c0", [])
    with pytest.raises(ExportError, match="empty"):
        evaluate(tmp_path / "gt", tmp_path / "out")
    write(tmp_path / "gt", "c0", [])
    with pytest.raises(GroundTruthError, match="empty"):
        evaluate(tmp_path / "gt", tmp_path / "out")


def test_an_identity_twice_in_a_frame_and_frames_outside_the_sequence_are_mistakes(tmp_path: Path) -> None:
    write(tmp_path / "gt", "c0", [truth_row(1, 1, 100)])
    write(tmp_path / "out", "c0", [found_row(1, 7, 100), found_row(1, 7, 300)])
    with pytest.raises(EvaluationError, match="identity 7 is twice in frame 1"):
        evaluate(tmp_path / "gt", tmp_path / "out")
    write(tmp_path / "out", "c0", [found_row(12, 7, 100)])
    with pytest.raises(ExportError, match="frame 12 is out of range, the sequence has 11"):
        evaluate(tmp_path / "gt", tmp_path / "out", length=11)
    write(tmp_path / "out", "c0", [found_row(0, 7, 100)])
    with pytest.raises(EvaluationError, match="frame 0 is out of range"):
        evaluate(tmp_path / "gt", tmp_path / "out")


def test_bad_folders_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(GroundTruthError, match="is no folder"):
        evaluate(tmp_path / "nowhere", tmp_path)
    (tmp_path / "gt").mkdir()
    with pytest.raises(GroundTruthError, match="no <camera>"):
        evaluate(tmp_path / "gt", tmp_path)
    write(tmp_path / "gt", "c0", [truth_row(1, 1, 100)])
    with pytest.raises(ExportError, match=r"no c0\.txt"):
        evaluate(tmp_path / "gt", tmp_path / "out")
    write(tmp_path / "out", "c0", ["1,2,three,4,5,6"])
    with pytest.raises(EvaluationError, match="three"):
        evaluate(tmp_path / "gt", tmp_path / "out")
    write(tmp_path / "out", "c0", ["1,2,3"])
    with pytest.raises(EvaluationError, match="columns"):
        evaluate(tmp_path / "gt", tmp_path / "out")
