"""`spoton export`: a task's results as files."""

import io
import zipfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from spoton_cli.gateway import Gateway


class Format(StrEnum):
    """File formats of an export."""

    MOT = "mot"
    CSV = "csv"
    JSON = "json"


class Identities(StrEnum):
    """Which identities to write: after all revisions, or as first published."""

    REVISED = "revised"
    LIVE = "live"


def write_export(gateway: Gateway, task_id: str, file_format: str, identities: str, folder: Path) -> list[Path]:
    """Fetch a task's results and write them into a folder; returns the files."""
    archive = zipfile.ZipFile(io.BytesIO(gateway.export(task_id, file_format, identities)))
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(archive.extract(name, folder)) for name in sorted(archive.namelist())]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: spoton export 4f0c… --format mot --out results/")(export)


def export(
    task: Annotated[str, typer.Argument(help="Task to export.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    file_format: Annotated[Format, typer.Option("--format", help="File format.")] = Format.MOT,
    identities: Annotated[
        Identities, typer.Option(help="After all revisions, or as first published.")
    ] = Identities.REVISED,
) -> None:
    """Write a task's results, one file a camera."""
    with Gateway.of_local_stack() as gateway:
        for path in write_export(gateway, task, file_format, identities, out):
            typer.echo(path)
