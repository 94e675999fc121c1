"""`spoton export`: a task's results as files."""

import io
import zipfile
from collections.abc import Mapping
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


def write_export(
    gateway: Gateway,
    task_id: str,
    file_format: str,
    identities: str,
    folder: Path,
    known: Mapping[str, str | int] | None = None,
) -> list[Path]:
    """Fetch a task's results, of now or as ``known`` then, and write them into a folder; returns the files."""
    archive = zipfile.ZipFile(io.BytesIO(gateway.export(task_id, file_format, identities, known)))
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(archive.extract(name, folder)) for name in sorted(archive.namelist())]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: spoton export 4f0c… --format mot --out results/   "
        "spoton export 4f0c… --as-of 2026-11-21T15:04:05Z --out then/"
    )(export)


def export(
    task: Annotated[str, typer.Argument(help="Task to export.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    file_format: Annotated[Format, typer.Option("--format", help="File format.")] = Format.MOT,
    identities: Annotated[
        Identities, typer.Option(help="After all revisions, or as first published.")
    ] = Identities.REVISED,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="As known at this time, such as 2026-11-21T15:04:05Z.")
    ] = None,
    as_of_revision: Annotated[
        int | None, typer.Option(metavar="N", help="As known after this identity revision; 0: as first published.")
    ] = None,
    as_of_tick: Annotated[
        int | None, typer.Option(metavar="N", help="As known at this tick (frame index of the task).")
    ] = None,
) -> None:
    """Write a task's results, one file a camera, as they are known now or were known then."""
    given = {"as_of": as_of, "as_of_revision": as_of_revision, "as_of_tick": as_of_tick}
    known = {name: value for name, value in given.items() if value is not None}
    with Gateway.of_local_stack() as gateway:
        for path in write_export(gateway, task, file_format, identities, out, known):
            typer.echo(path)
