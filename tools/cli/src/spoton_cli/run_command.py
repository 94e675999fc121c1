"""`spoton run`: one task from start to end."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from spoton_cli.errors import FramesMissing
from spoton_cli.exporting import write_export
from spoton_cli.following import follow_task, require_local_stack
from spoton_cli.gateway import Gateway, TaskState


@dataclass(frozen=True, slots=True)
class RunReport:
    """What came of a run; ``frames_out`` counts pictures by topic and in the database."""

    task_id: str
    environment_id: str
    status: str
    frames_in: int
    frames_out: dict[str, int]
    identities_found: int
    wall_s: float
    frames_per_s: float
    camera_errors: dict[str, str]

    @property
    def complete(self) -> bool:
        """Tell whether every frame that went in came out everywhere."""
        counts = set(self.frames_out.values())
        return (
            self.status == "COMPLETED" and not self.camera_errors and counts == {self.frames_in} and self.frames_in > 0
        )

    def to_dict(self) -> dict[str, object]:
        """Write as plain values."""
        return asdict(self)


def run_task(
    gateway: Gateway, environment_id: str, on_start: Callable[[str], None] = lambda _task_id: None
) -> RunReport:
    """Run a task on the local stack from start to end, with progress on standard error; ``on_start`` hears its id."""
    began = time.monotonic()
    task_id = gateway.start(environment_id)
    on_start(task_id)
    task = follow_task(gateway, task_id, require_local_stack)
    return _report(task, time.monotonic() - began)


def _report(task: TaskState, wall_s: float) -> RunReport:
    frames_in = task.frames.get("frames", 0)
    return RunReport(
        task_id=task.task_id,
        environment_id=task.environment_id,
        status=task.status,
        frames_in=frames_in,
        frames_out=task.frames,
        identities_found=task.identities_found,
        wall_s=round(wall_s, 2),
        frames_per_s=round(frames_in / wall_s, 2),
        camera_errors={name: camera.error for name, camera in task.cameras.items() if camera.error},
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: spoton run hall --export results/")(run)


def run(
    environment: Annotated[str, typer.Argument(help="Registered environment to process.")],
    export: Annotated[Path | None, typer.Option(help="Write the result there, in MOTChallenge format.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Process an environment on the running stack and wait until all of it is in the database.

    Ends with status 0 only if every frame is accounted for.
    """
    with Gateway.of_local_stack() as gateway:
        report = run_task(gateway, environment)
        if export is not None:
            write_export(gateway, report.task_id, "mot", "revised", export)
    if as_json:
        typer.echo(json.dumps(report.to_dict()))
    else:
        typer.echo(
            f"{report.status}: {report.frames_in} frames, {report.identities_found} identities, "
            f"{report.wall_s:.1f} s, {report.frames_per_s:.1f} frames/s"
        )
    if not report.complete:
        raise FramesMissing(explain(report))


def explain(report: RunReport) -> str:
    """Say in a sentence or more why a run is not complete."""
    lines = [f"task {report.task_id} ended as {report.status}"]
    lines += [f"camera {camera}: {error}" for camera, error in sorted(report.camera_errors.items())]
    if set(report.frames_out.values()) != {report.frames_in}:
        lines.append(f"frames in: {report.frames_in}, frames out: {report.frames_out}")
    return "; ".join(lines)
