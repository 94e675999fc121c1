import csv
import json
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256

import av
import cv2
import numpy as np
import pytest
import yaml
from spoton_scenes.__main__ import main
from spoton_scenes.cameras import image_points_to_floor
from spoton_scenes.environment import write_environment
from spoton_scenes.film import plan_film
from spoton_scenes.ground_truth import mot_rows
from spoton_scenes.presets import adjusted, find_preset
from spoton_scenes.render import SceneRenderer
from spoton_scenes.truth import PersonBox


@pytest.fixture(scope="module")
def film_and_folder(tmp_path_factory):
    preset = replace(
        find_preset("demo"), cameras=2, people=4, batches=2, batch_seconds=0.5, width_px=240, height_px=136
    )
    film, folder = plan_film(preset, 5), tmp_path_factory.mktemp("environment")
    write_environment(film, preset.title, folder, processes=1)
    return film, folder


def decode(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        return [(frame.pts * frame.time_base, frame.to_ndarray(format="bgr24")) for frame in container.decode(stream)]


def test_sub_videos_follow_each_other_without_a_seam(film_and_folder):
    film, folder = film_and_folder
    with SceneRenderer(film.scene, 240, 136, supersample=1.5) as renderer:
        for batch in (0, 1):
            frames = decode(folder / f"c1/sub_video_{batch + 1:02d}.mp4")
            assert [time for time, _ in frames] == [Fraction(k, 10) for k in range(5)]
            for k, (_, decoded) in enumerate(frames):
                expected = renderer.render(1, film.states[batch * 5 + k]).image
                assert np.abs(decoded.astype(int) - expected).mean() < 8


def test_the_index_of_a_video_comes_before_its_frames(film_and_folder):
    data = (film_and_folder[1] / "c0/sub_video_01.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_environment_names_what_is_there(film_and_folder):
    _, folder = film_and_folder
    document = yaml.safe_load((folder / "environment.yaml").read_text())
    assert document["id"] == "demo"
    assert document["processing_fps"] == 10
    assert [camera["id"] for camera in document["cameras"]] == ["c0", "c1"]
    assert all((folder / source).exists() for camera in document["cameras"] for source in camera["sources"])
    assert document["monitored_area"] == [[0, 0], [12, 0], [12, 9], [0, 9]]
    assert len({zone["id"] for zone in document["zones"]}) == len(document["zones"]) == 5
    assert {"id", "from", "to"} == set(document["tripwires"][0])
    picture = cv2.imread(str(folder / document["map"]["image"]))
    far_corner = np.array([12, 9]) / document["map"]["metres_per_pixel"] + document["map"]["origin_px"]
    assert np.all(far_corner < picture.shape[1::-1])


def test_both_kinds_of_calibration_agree_with_the_camera(film_and_folder):
    film, folder = film_and_folder
    first, second = yaml.safe_load((folder / "environment.yaml").read_text())["cameras"]
    assert np.array(first["homography"]) == pytest.approx(film.scene.cameras[0].image_to_floor)
    with (folder / second["points"]).open() as file:
        rows = np.array([[float(value) for value in row.values()] for row in csv.DictReader(file)])
    assert len(rows) >= 8
    assert image_points_to_floor(film.scene.cameras[1], rows[:, :2]) == pytest.approx(rows[:, 2:], abs=0.05)
    assert np.linalg.matrix_rank(rows[:, 2:] - rows[0, 2:]) == 2


def test_the_three_ground_truths_tell_the_same(film_and_folder):
    film, folder = film_and_folder
    document = json.loads((folder / "ground_truth/ground_truth.json").read_text())
    assert len(document["frames"]) == len(film.states) == 10
    from_json = {
        (k + 1, box["id"]): [
            *box["bbox_xyxy"][:2],
            box["bbox_xyxy"][2] - box["bbox_xyxy"][0],
            box["bbox_xyxy"][3] - box["bbox_xyxy"][1],
        ]
        for k, frame in enumerate(document["frames"])
        for box in frame["boxes"]["c0"]
    }
    rows = [line.split(",") for line in (folder / "ground_truth/c0/gt.txt").read_text().splitlines()]
    assert {(int(row[0]), int(row[1])): [float(value) for value in row[2:6]] for row in rows} == from_json
    floor = [line.split(",") for line in (folder / "ground_truth/floor.csv").read_text().splitlines()[1:]]
    assert {(int(f), i): [float(x), float(y)] for f, i, x, y in floor} == {
        (k + 1, i): place for k, frame in enumerate(document["frames"]) for i, place in frame["floor"].items()
    }


def test_the_same_seed_writes_the_same_bytes_whatever_the_number_of_processes(film_and_folder, tmp_path):
    film, folder = film_and_folder
    write_environment(film, "Demo hall", tmp_path, processes=2)
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    for name in files:
        assert sha256((folder / name).read_bytes()).digest() == sha256((tmp_path / name).read_bytes()).digest(), name


def test_mot_rows_mark_the_unseen_and_the_outsiders_as_not_considered(plain_scene):
    boxes = [
        PersonBox(2, (10, 20, 30, 60), 0.5, (1.0, 1.0)),
        PersonBox(1, (0, 0, 5, 5), 0.0, (1.0, 1.0)),
        PersonBox(3, (0, 0, 5, 5), 1.0, (-1.0, 1.0)),
    ]
    assert mot_rows(plain_scene(), [[], boxes]).splitlines() == [
        "2,1,0,0,5,5,0,1,0.0000",
        "2,2,10,20,20,40,1,1,0.5000",
        "2,3,0,0,5,5,0,1,1.0000",
    ]


def test_batches_share_frames_that_do_not_divide_evenly():
    film = plan_film(adjusted(find_preset("demo"), cameras=1, people=0, seconds=25, fps=3), seed=1)
    assert sum(film.batch_frames) == len(film.states) == 75
    assert [film.batch_start(batch) for batch in range(len(film.batch_frames))] == [0, 38]


def test_the_command_refuses_an_unknown_preset(tmp_path, capsys):
    assert main(["nowhere", "--out", str(tmp_path)]) == 2
    assert "unknown preset 'nowhere': choose one of demo, easy" in capsys.readouterr().err


def test_the_command_refuses_no_cameras(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path), "--cameras", "0"]) == 2
    assert "cameras must be at least 1" in capsys.readouterr().err


def test_the_command_refuses_a_folder_that_it_cannot_write(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["easy", "--out", str(tmp_path / "file" / "below"), "--seconds", "0.2"]) == 2
    assert "cannot write into" in capsys.readouterr().err
