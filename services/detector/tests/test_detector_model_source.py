from pathlib import Path

import pytest
from spoton_detector.errors import UnknownModel
from spoton_detector.model_source import Family, ModelSource, find_model


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("x.pt", Family.ULTRALYTICS),
        ("x.engine", Family.ULTRALYTICS),
        ("x.onnx", Family.YOLO_OPENVINO),
        ("x.xml", Family.YOLO_OPENVINO),
        ("rtdetr-l.onnx", Family.ULTRALYTICS),
        ("fasterrcnn_resnet50_fpn_v2_coco-dd69338a.pth", Family.FASTER_RCNN),
        ("fasterrcnn_mobilenet_v3_large_320_fpn-907ea3f9.pth", Family.FASTER_RCNN),
    ],
)
def test_a_file_tells_its_family(tmp_path: Path, name: str, family: Family) -> None:
    path = touch(tmp_path / name)
    assert find_model(str(path), []) == ModelSource(family, name, path)


def test_a_folder_with_openvino_inside(tmp_path: Path) -> None:
    touch(tmp_path / "any" / "net.xml")
    assert find_model(str(tmp_path / "any"), []).family is Family.YOLO_OPENVINO


def test_a_shipped_model_goes_by_its_short_name(tmp_path: Path) -> None:
    path = touch(tmp_path / "spoton-demo-detector.onnx")
    assert find_model("spoton-demo", [tmp_path]) == ModelSource(Family.YOLO_OPENVINO, path.name, path)


def test_a_file_of_the_models_folder_comes_before_a_known_name(tmp_path: Path) -> None:
    path = touch(tmp_path / "yolo11n.pt")
    assert find_model("yolo11n.pt", [tmp_path]).path == path


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("yolo11n.pt", ModelSource(Family.ULTRALYTICS, "yolo11n.pt")),
        ("yolo11n", ModelSource(Family.ULTRALYTICS, "yolo11n.pt")),
        ("rtdetr-l.pt", ModelSource(Family.ULTRALYTICS, "rtdetr-l.pt")),
        ("fasterrcnn_resnet50_fpn_v2", ModelSource(Family.FASTER_RCNN, "fasterrcnn_resnet50_fpn_v2")),
    ],
)
def test_names_that_the_libraries_know(name: str, source: ModelSource) -> None:
    assert find_model(name, []) == source


@pytest.mark.parametrize("name", ["spoton-demo", "no/such/yolo11n.pt", "yolo11n.onnx"])
def test_an_unknown_name_says_where_it_was_looked_for(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownModel, match=rf"(?s){name}.*looked for.*{tmp_path}"):
        find_model(name, [tmp_path])


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="is no model that we know"):
        find_model(str(touch(tmp_path / "notes.txt")), [])
