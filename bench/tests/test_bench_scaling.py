import pytest
from spoton_bench.report import FIGURES, table
from spoton_bench.scaling import CameraCost, MemorySample, growth


def test_growth_compares_the_end_with_the_time_after_warming_up() -> None:
    mb = [10.0, 90.0, 100.0, 100.0, 100.0, 100.0, 110.0, 110.0, 120.0, 120.0]
    samples = [MemorySample(30.0 * i, {"reid": size}) for i, size in enumerate(mb)]
    assert growth(samples, "reid") == pytest.approx(1.2)


def test_a_cameras_cost_counts_the_stages_that_work_on_detections() -> None:
    assert CameraCost(4, {"reid": 2.0, "mapper": 1.0, "sink": 0.5, "kafka": 9.0}).total_ms == 3.5


def test_the_keys_that_others_rely_on_are_documented() -> None:
    keys = {figure.key for figure in FIGURES}
    assert len(keys) == len(FIGURES)
    assert keys >= {
        "line_vs_yolo_track",
        "line_vs_single_process",
        "adaptive_vs_yolo_track",
        "adaptive_idf1_loss",
        "cpu_beyond_models",
        "added_latency_ms_p50",
        "added_latency_ms_p99",
        "cost_per_camera_64_vs_1",
        "memory_growth_ratio",
    }


def test_the_table_shows_what_was_measured() -> None:
    text = table({"line_vs_yolo_track": 1.414, "not_a_figure": 3.0})
    assert "| `line_vs_yolo_track` | 1.41 | ≥ 1.0 |" in text
    assert "adaptive" not in text
    assert "not_a_figure" not in text
