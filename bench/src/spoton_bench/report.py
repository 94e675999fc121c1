"""The figures: what each key of ``bench.json`` means, and the report in words."""

import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from spoton_bench.materials import CHECKOUT


@dataclass(frozen=True, slots=True)
class Figure:
    """A key of ``bench.json``: what it is, and what is aimed at."""

    key: str
    meaning: str
    aim: str = ""


FIGURES = (
    Figure("line_frames_per_s", "the whole line, from the start of a task to its last record in the database"),
    Figure("yolo_track_frames_per_s", "`yolo track` with BoT-SORT, without loading"),
    Figure("line_vs_yolo_track", "speed of the line over that of `yolo track`", "≥ 1.0"),
    Figure("single_process_frames_per_s", "one process: detector, an embedding for every box, BoT-SORT"),
    Figure("line_vs_single_process", "speed of the line over that of this process", "≥ 2.0"),
    Figure("line_idf1", "IDF1 of the line over all cameras, after revisions, on the clip"),
    Figure("single_process_idf1", "the same of this process, whose cameras are not joined"),
    Figure("yolo_track_idf1", "the same of `yolo track`"),
    Figure("adaptive_frames_per_s", "the line in adaptive mode"),
    Figure("adaptive_vs_yolo_track", "speed of the adaptive line over that of `yolo track`", "≥ 3.0"),
    Figure("every_frame_idf1_whole", "IDF1 of the line on the whole videos"),
    Figure("adaptive_idf1_whole", "the same in adaptive mode"),
    Figure("adaptive_idf1_loss", "points of IDF1 that the adaptive mode costs on the whole videos", "≤ 1"),
    Figure("cpu_ms_per_frame", "CPU of the six service processes for a picture"),
    Figure("cpu_ms_per_frame_servers", "CPU of Kafka, registry, PostgreSQL and Redis for a picture"),
    Figure("cpu_ms_per_frame_models", "CPU of the bare networks for a picture, measured alone"),
    Figure("cpu_beyond_models", "CPU of the services over that of the networks, minus 1", "≤ 0.10"),
    Figure("cpu_beyond_models_with_servers", "the same with the servers"),
    Figure("added_latency_ms_p50", "delay of a live picture to a client, without networks and label delay", "≤ 30"),
    Figure("added_latency_ms_p99", "the same, 99th percentile", "≤ 100"),
    Figure("latency_ms_label_delay", "the delay with which association publishes, a setting"),
    Figure("latency_ms_model", "mean time of a picture in the detector's network"),
    Figure("latency_ms_embedder", "mean time of a picture's crops in the Re-ID network"),
    Figure("latency_ms_decoding", "mean time of a picture in ingest, before the delay is counted"),
    Figure(
        "cost_per_camera_64_vs_1", "CPU of tracking to database for a picture, at 64 cameras over at 1", "0.8 to 1.2"
    ),
    Figure("memory_growth_ratio", "largest growth of a process over an hour of video", "≤ 1.05"),
)


def write_report(figures: Mapping[str, float], data: str, command: str, path: Path) -> None:
    """Write ``bench.json``: the figures, flat, with the data, hardware, commit and command that they belong to."""
    context = {
        "data": data,
        "hardware": hardware(),
        "commit": commit(),
        "command": command,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    rounded = {figure.key: round(figures[figure.key], 4) for figure in FIGURES if figure.key in figures}
    path.write_text(json.dumps({**rounded, **context}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def table(figures: Mapping[str, float]) -> str:
    """Write the figures as a Markdown table."""
    lines = ["| figure | value | aim | what it is |", "|---|---|---|---|"]
    lines += [f"| `{f.key}` | {figures[f.key]:.2f} | {f.aim} | {f.meaning} |" for f in FIGURES if f.key in figures]
    return "\n".join(lines) + "\n"


def hardware() -> str:
    """Name the processor and memory."""
    names = [line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    name = names[0] if names else platform.processor()
    return f"{psutil.cpu_count()} x {name}, {psutil.virtual_memory().total / 2**30:.0f} GiB, no GPU used"


def commit() -> str:
    """Name the commit, and whether the tree differs from it."""
    command = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty", "--abbrev=10"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
