"""`spoton demo`: the whole line on a generated scene, from nothing to a table and a page."""

import json
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from spoton_evaluation import Report, evaluate
from spoton_local import Layout, find_state_dir, stack
from spoton_scenes.__main__ import main as generate_scene

from spoton_cli.environment_commands import register_environment
from spoton_cli.errors import CommandError, FramesMissing
from spoton_cli.exporting import write_export
from spoton_cli.gateway import Gateway
from spoton_cli.latency import LatencyMeter
from spoton_cli.progress import progress_display
from spoton_cli.run_command import RunReport, explain, run_task

SEED = 1


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo measured; the keys of ``demo.json``.

    ``frames_in`` counts pictures that ingest took from the videos, ``frames_out`` those that came out by topic.
    Latency is from the decoding of a picture to its arrival at a WebSocket client, recorded video running as fast as
    the machine allows. ``install_s`` is the time of the last installation into this checkout; None: not known.
    """

    frames_in: int
    frames_out: dict[str, int]
    identities_true: int
    identities_found: int
    idf1_cross_camera: float
    ground_error_m_median: float | None
    ground_error_m_p90: float | None
    frames_per_s: float
    latency_ms_p50: float | None
    latency_ms_p95: float | None
    wall_s: float
    install_s: float | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: spoton demo --exit")(demo)


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="Stop everything after the table.")] = False,
) -> None:
    """Generate a scene of four cameras, process it, and show what came of it.

    Stays up until Ctrl-C, or ends after the table with --exit. Writes .local/reports/demo.json.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the end below is reached
    layout = Layout(find_state_dir())
    console = Console(stderr=True)
    began = time.monotonic()
    try:
        folder = _scene(layout.root / "demo")
        with progress_display() as on_progress:
            addresses = stack.up(layout, on_progress=on_progress)
        with Gateway(addresses.gateway_url) as gateway:
            run, latencies_ms = _process(gateway, folder)
            scores = _score(gateway, run, folder, layout.root / "reports" / "demo")
        report = _report(run, scores, latencies_ms, time.monotonic() - began, layout.root)
        _write(report, layout.root / "reports" / "demo.json")
        _show(report)
        if not run.complete:
            raise FramesMissing(explain(run))
        if not leave:
            console.print(f"The page: {addresses.gateway_url}/#{run.task_id}   Ctrl-C stops everything.")
            _wait_for_interrupt()
    finally:
        with progress_display() as on_progress:
            stack.down(layout, on_progress)


def _scene(folder: Path) -> Path:
    """Render the scene, once: it is the same every time."""
    if not (folder / "environment.yaml").is_file() and generate_scene(
        ["demo", "--seed", str(SEED), "--out", str(folder)]
    ):
        raise CommandError(f"the scene could not be rendered into {folder}")
    return folder


def _process(gateway: Gateway, folder: Path) -> tuple[RunReport, list[float]]:
    environment_id = register_environment(folder)
    gateway.wait_for_environment(environment_id)
    with LatencyMeter(gateway.url) as meter:
        run = run_task(gateway, environment_id, on_start=meter.listen)
    return run, meter.latencies_ms


def _score(gateway: Gateway, run: RunReport, folder: Path, results: Path) -> Report:
    write_export(gateway, run.task_id, "mot", "revised", results)
    return evaluate(folder / "ground_truth", results)


def _report(run: RunReport, scores: Report, latencies_ms: list[float], wall_s: float, root: Path) -> DemoReport:
    p50, p95 = np.percentile(latencies_ms, (50, 95)).round(1).tolist() if latencies_ms else (None, None)
    install = root / "install-seconds"
    return DemoReport(
        frames_in=run.frames_in,
        frames_out=run.frames_out,
        identities_true=scores.cross_camera.true_identities,
        identities_found=run.identities_found,
        idf1_cross_camera=scores.cross_camera.idf1,
        ground_error_m_median=scores.ground.median_m,
        ground_error_m_p90=scores.ground.p90_m,
        frames_per_s=run.frames_per_s,
        latency_ms_p50=p50,
        latency_ms_p95=p95,
        wall_s=round(wall_s, 1),
        install_s=float(install.read_text(encoding="utf-8")) if install.is_file() else None,
    )


def _write(report: DemoReport, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf-8")


def _show(report: DemoReport) -> None:
    table = Table(title="demo: four cameras, one floor", show_header=False, box=None)
    table.add_row("frames in", str(report.frames_in))
    for topic, frames in report.frames_out.items():
        table.add_row(f"frames out: {topic}", str(frames))
    table.add_row("identities found / true", f"{report.identities_found} / {report.identities_true}")
    table.add_row("IDF1 across cameras", f"{report.idf1_cross_camera:.1f}")
    table.add_row("floor error, median / p90", f"{_m(report.ground_error_m_median)} / {_m(report.ground_error_m_p90)}")
    table.add_row("frames/s", f"{report.frames_per_s:.1f}")
    table.add_row("capture to WebSocket, p50 / p95", f"{_s(report.latency_ms_p50)} / {_s(report.latency_ms_p95)}")
    table.add_row("wall time", f"{report.wall_s:.0f} s")
    Console().print(table)


def _m(metres: float | None) -> str:
    return "-" if metres is None else f"{metres:.2f} m"


def _s(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds / 1000:.1f} s"


def _wait_for_interrupt() -> None:
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interrupted.set())
    interrupted.wait()
