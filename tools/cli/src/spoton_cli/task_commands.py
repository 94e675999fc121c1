"""`spoton tasks`: start, watch and steer tasks."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from spoton_cli.following import follow_task
from spoton_cli.gateway import Gateway

app = typer.Typer(no_args_is_help=True, help="Start, watch and steer tasks.")

TaskId = Annotated[str, typer.Argument(metavar="TASK", help="Task, as `start` or `list` shows it.")]


@app.callback()
def tasks() -> None:
    """Start, watch and steer tasks."""


@app.command(epilog="Example: spoton tasks start hall")
def start(environment: Annotated[str, typer.Argument(help="Environment to process.")]) -> None:
    """Start a task on a registered environment and print its id."""
    with Gateway.of_local_stack() as gateway:
        typer.echo(gateway.start(environment))


@app.command("list", epilog="Example: spoton tasks list")
def list_tasks() -> None:
    """List the tasks, newest first."""
    table = Table(Column("task", no_wrap=True, min_width=36), "environment", "status", "frames", "identities", box=None)
    with Gateway.of_local_stack() as gateway:
        for task in gateway.tasks():
            done = str(task.frames.get("database", 0))
            table.add_row(task.task_id, task.environment_id, task.status, done, str(task.identities_found))
    Console().print(table)


@app.command(epilog="Example: spoton tasks follow 4f0c…")
def follow(task_id: TaskId) -> None:
    """Watch a task until it ends."""
    with Gateway.of_local_stack() as gateway:
        task = follow_task(gateway, task_id)
    typer.echo(f"{task.status}: {task.frames.get('database', 0)} frames, {task.identities_found} identities")


@app.command(epilog="Example: spoton tasks pause 4f0c…")
def pause(task_id: TaskId) -> None:
    """Hold a task; frames already on their way come through."""
    _control(task_id, "pause")


@app.command(epilog="Example: spoton tasks resume 4f0c…")
def resume(task_id: TaskId) -> None:
    """Let a paused task go on."""
    _control(task_id, "resume")


@app.command(epilog="Example: spoton tasks stop 4f0c…")
def stop(task_id: TaskId) -> None:
    """End a task early; what it found so far stays."""
    _control(task_id, "stop")


def _control(task_id: str, command: str) -> None:
    with Gateway.of_local_stack() as gateway:
        gateway.control(task_id, command)
