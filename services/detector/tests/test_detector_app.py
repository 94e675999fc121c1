from pathlib import Path

import pytest
from spoton_common.health import Health
from spoton_detector.app import main, prepare_model
from spoton_detector.errors import ModelUnavailable, UnknownModel
from spoton_detector.settings import DetectorSettings


def component(health: Health) -> tuple[str, str]:
    components = health.report()["components"]
    assert isinstance(components, dict)
    return components["model"]["status"], components["model"]["detail"]


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTON_DETECTOR_MODEL", "yolo11n.pt")
    monkeypatch.setenv("SPOTON_DETECTOR_INPUT_HW", "[384, 640]")
    settings = DetectorSettings()
    assert (settings.model, settings.input_hw, settings.confidence) == ("yolo11n.pt", (384, 640), 0.1)


def test_the_shipped_model_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOTON_DETECTOR_MODEL", raising=False)
    assert DetectorSettings().model == "spoton-demo"


def test_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    assert "SPOTON_DETECTOR_" in capsys.readouterr().out


def test_health_is_good_once_the_model_runs(random_yolo_onnx: Path) -> None:
    health = Health()
    detector = prepare_model(DetectorSettings(model=str(random_yolo_onnx), threads=1), health)
    assert component(health) == ("healthy", f"{detector.name} on cpu")


def test_a_missing_model_makes_health_bad_and_says_why() -> None:
    health = Health()
    with pytest.raises(UnknownModel):
        prepare_model(DetectorSettings(model="no-such-model"), health)
    status, detail = component(health)
    assert status == "unhealthy"
    assert "no detector 'no-such-model'" in detail


def test_a_model_that_needs_torch_says_so_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spoton_detector.loading.find_spec", lambda _name: None)
    health = Health()
    with pytest.raises(ModelUnavailable):
        prepare_model(DetectorSettings(model="yolo11n.pt"), health)
    assert "spoton-detector[torch]" in component(health)[1]
