"""`spoton up`, `spoton down`, `spoton status`."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from spoton_local import Layout, connections, find_state_dir, stack
from spoton_local.errors import NotRunning
from spoton_local.processes import State

from spoton_cli.progress import progress_display

STATE_STYLES = {State.RUNNING: "green", State.STARTING: "yellow", State.STOPPED: "dim", State.FAILED: "red"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: spoton up --detector yolo11n.pt")(up)
    app.command(epilog="Example: spoton down")(down)
    app.command(epilog="Example: spoton status --json | jq .services")(status)


def up(
    detector: Annotated[
        str | None, typer.Option(help="Detector model: a path, or a name that the detector knows.")
    ] = None,
    embedder: Annotated[str | None, typer.Option(help="Re-ID embedder: a path, or a name that Re-ID knows.")] = None,
    servers_only: Annotated[
        bool,
        typer.Option("--servers-only", help="Kafka, registry, PostgreSQL and Redis, without our services."),
    ] = False,
) -> None:
    """Start the servers and services, and return when all are ready.

    What already runs stays as it is; a service whose model choice changed is restarted.
    """
    layout = Layout(find_state_dir())
    with progress_display() as on_progress:
        addresses = stack.up(
            layout, detector=detector, embedder=embedder, servers_only=servers_only, on_progress=on_progress
        )
    console = Console()
    if servers_only:
        console.print("The servers are ready.")
    else:
        console.print(f"SpotOn is ready: {addresses.gateway_url}", soft_wrap=True)


def down() -> None:
    """Stop exactly what `spoton up` started; data stays in .local/data."""
    layout = Layout(find_state_dir())
    with progress_display() as on_progress:
        stopped = stack.down(layout, on_progress)
    Console().print(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Show what every server and service is doing; exit status 0 only if all are running."""
    layout = Layout(find_state_dir())
    current = stack.status(layout)
    try:
        addresses = connections(layout.root).as_public_dict()
    except NotRunning:
        addresses = {}
    if as_json:
        typer.echo(json.dumps({**addresses, "services": current.services, "servers": current.servers}, indent=2))
    else:
        Console().print(_table(current))
        for name, url in addresses.items():
            typer.echo(f"{name:16} {url}")
    raise typer.Exit(0 if current.all_running else 1)


def _table(current: stack.Status) -> Table:
    table = Table("component", "state", box=None)
    for name, state in (*current.servers.items(), *current.services.items()):
        table.add_row(name, f"[{STATE_STYLES[state]}]{state}[/]")
    return table
