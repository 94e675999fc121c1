"""`spoton job`: one clip in, what happened in it out."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from spoton_cli.errors import JobFailed
from spoton_cli.gateway import Gateway

_POLL_S = 0.5
_PLAIN_EVERY_S = 5.0  # a log wants fewer lines than a terminal
_ENDED = ("completed", "failed", "cancelled")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: spoton job clip.mp4 --out results/")(job)


def job(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A video: MP4, MOV or AVI.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    classes: Annotated[str | None, typer.Option(help="What to look for: COCO names, by commas.")] = None,
) -> None:
    """Send a clip to the running stack, wait until it is processed, and write what happened in it.

    Writes events.json (a list of objects with type, start_s, end_s, class_name, confidence and more), events.txt, and
    events.vtt, which players show beside the video.
    """
    with Gateway.of_local_stack() as gateway:
        job_id = gateway.upload(file, classes.split(",") if classes else [])
        ended = follow_job(gateway, job_id)
        if ended["status"] != "completed":
            raise JobFailed(ended["message"] or f"the job ended as {ended['status']}")
        files = {
            "events.json": json.dumps(gateway.events(job_id), indent=2) + "\n",
            "events.txt": gateway.timeline(job_id, "text"),
            "events.vtt": gateway.timeline(job_id, "vtt"),
        }
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_text(content, encoding="utf-8")
        typer.echo(out / name)


def follow_job(gateway: Gateway, job_id: str) -> dict[str, Any]:
    """Show a job's progress on standard error and return it at its end."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return _follow_plainly(gateway, job_id, console)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        row = bar.add_task("queued", total=100)
        while True:
            state = gateway.job(job_id)
            bar.update(row, description=state["status"], completed=state["progress"])
            if state["status"] in _ENDED:
                return state
            time.sleep(_POLL_S)


def _follow_plainly(gateway: Gateway, job_id: str, console: Console) -> dict[str, Any]:
    next_line = 0.0
    while True:
        state = gateway.job(job_id)
        ended = state["status"] in _ENDED
        if ended or time.monotonic() >= next_line:
            console.print(f"{state['status']}: {state['progress']:g} %", highlight=False)
            next_line = time.monotonic() + _PLAIN_EVERY_S
        if ended:
            return state
        time.sleep(_POLL_S)
