"""`spoton job`: one clip in, what happened in it out."""

import json
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from spoton_cli.errors import JobFailed
from spoton_cli.gateway import Gateway

_POLL_S = 0.5
_PLAIN_EVERY_S = 5.0  # a log wants fewer lines than a terminal
_DRAWN = {"status": "completed", "progress": 100.0}
_ENDED = ("completed", "failed", "cancelled")


class Blur(StrEnum):
    """What is made unrecognisable in the video."""

    NONE = "none"
    FACES = "faces"
    PEOPLE = "people"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: spoton job clip.mp4 --out results/")(job)


def job(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A video: MP4, MOV or AVI.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    classes: Annotated[str | None, typer.Option(help="What to look for: COCO names, by commas.")] = None,
    video: Annotated[bool, typer.Option(help="Also fetch the video with all of it drawn in.")] = True,
    blur: Annotated[Blur, typer.Option(help="What to make unrecognisable in the video.")] = Blur.NONE,
) -> None:
    """Send a clip to the running stack, wait until it is processed, and write what happened in it.

    Writes events.json (a list of objects with type, start_s, end_s, class_name, confidence and more), events.txt,
    events.vtt, which players show beside the video, and video.mp4 with boxes, identities and events drawn in.
    """
    with Gateway.of_local_stack() as gateway:
        job_id = gateway.upload(file, classes.split(",") if classes else [])
        ended = _follow(lambda: gateway.job(job_id))
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
        if video:
            _follow(lambda: _drawing(gateway, job_id, blur, out / "video.mp4"))
            typer.echo(out / "video.mp4")


def _drawing(gateway: Gateway, job_id: str, blur: Blur, target: Path) -> dict[str, Any]:
    """Fetch the video if it is there, and tell how far it is."""
    state = gateway.video(job_id, blur, target)
    return _DRAWN if state is None else {"status": "drawing the video", "progress": state["progress"]}


def _follow(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Show the progress of something on standard error and return its state at its end."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return _follow_plainly(look, console)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        row = bar.add_task("queued", total=100)
        while True:
            state = look()
            bar.update(row, description=state["status"], completed=state["progress"])
            if state["status"] in _ENDED:
                return state
            time.sleep(_POLL_S)


def _follow_plainly(look: Callable[[], dict[str, Any]], console: Console) -> dict[str, Any]:
    next_line = 0.0
    while True:
        state = look()
        ended = state["status"] in _ENDED
        if ended or time.monotonic() >= next_line:
            console.print(f"{state['status']}: {state['progress']:g} %", highlight=False)
            next_line = time.monotonic() + _PLAIN_EVERY_S
        if ended:
            return state
        time.sleep(_POLL_S)
