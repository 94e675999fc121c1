"""`spoton environments`: folders that describe a place and its cameras."""

from pathlib import Path
from typing import Annotated

import cv2
import typer
from rich.console import Console
from rich.table import Table
from spoton_common.environment import (
    CameraCheck,
    EnvironmentCheck,
    InvalidEnvironmentError,
    UnknownFrameRateError,
    check_environment,
    draw_check,
    load_environment,
    read_environment_folder,
    scene_record,
)
from spoton_local import Layout, find_state_dir
from spoton_schemas.records import Environment as EnvironmentRecord
from spoton_schemas.topics import ENVIRONMENTS

from spoton_cli import file_roots, records
from spoton_cli.errors import CommandError
from spoton_cli.gateway import Gateway

app = typer.Typer(no_args_is_help=True)


@app.callback()
def environments() -> None:
    """Environment folders: a place, its cameras and its floor."""


@app.command(epilog="Example: spoton environments check hall --picture hall.png")
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds environment.yaml.")],
    picture: Annotated[Path | None, typer.Option(help="Draw the clicked points, their fit and the floor.")] = None,
) -> None:
    """Read an environment folder, list its mistakes, and report how well its calibration fits.

    Ends with status 1 if the folder has mistakes. Warnings leave the status at 0.
    """
    try:
        report = check_environment(read_environment_folder(folder))
    except InvalidEnvironmentError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    _show(report)
    if picture is not None:
        _save(report, picture)


@app.command(epilog="Example: spoton environments add examples/hall")
def add(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds environment.yaml.")]) -> None:
    """Register an environment with the running stack; adding it again replaces it.

    Gives the stack's services leave to read the environment's local videos and floor picture.
    """
    typer.echo(register_environment(folder))


def register_environment(folder: Path) -> str:
    """Publish an environment folder, with leave to read its files; returns the environment's id."""
    try:
        scene = scene_record(load_environment(folder))
    except (InvalidEnvironmentError, UnknownFrameRateError) as error:
        raise CommandError(str(error)) from error
    pictures = [scene.floor_map.image] if scene.floor_map else []
    sources = [source for camera in scene.cameras for source in camera.sources]
    file_roots.allow(Layout(find_state_dir()), [*sources, *pictures])
    records.produce(ENVIRONMENTS, EnvironmentRecord(scene))
    return scene.environment_id


@app.command("list", epilog="Example: spoton environments list")
def list_environments() -> None:
    """List the registered environments."""
    table = Table("environment", "name", "cameras", box=None)
    with Gateway.of_local_stack() as gateway:
        for environment in gateway.environments():
            table.add_row(environment["environment_id"], environment["name"], str(len(environment["camera_ids"])))
    Console().print(table)


def _show(report: EnvironmentCheck) -> None:
    console, environment = Console(highlight=False), report.folder.environment
    console.print(f"[bold]{environment.id}[/bold]  {environment.name}")
    table = Table("camera", "sub-videos", "points", "rms px", "max px", "rms m", "max m", "floor m²")
    for camera, found in zip(environment.cameras, report.cameras, strict=True):
        table.add_row(camera.id, str(len(camera.sources)), *_fit_cells(found), _area_cell(found))
    console.print(table)
    console.print(f"floor seen by at least one camera: {report.floor_area_m2:.1f} m²")
    for warning in report.warnings:
        console.print(f"[yellow]warning[/yellow] {warning}", soft_wrap=True)


def _fit_cells(found: CameraCheck) -> list[str]:
    fit = found.calibration
    if fit is None:
        return ["-"] * 5
    sizes = (fit.rms_px, fit.errors_px.max(), fit.rms_m, fit.errors_m.max())
    return [str(len(fit.errors_px)), *(f"{size:.3f}" for size in sizes)]


def _area_cell(found: CameraCheck) -> str:
    return "-" if found.floor_area_m2 is None else f"{found.floor_area_m2:.1f}"


def _save(report: EnvironmentCheck, path: Path) -> None:
    try:
        written = cv2.imwrite(str(path), draw_check(report))
    except cv2.error:
        written = False
    if not written:
        typer.echo(f"cannot write {path}: is the folder there, and is the name's ending .png or .jpg?", err=True)
        raise typer.Exit(1)
    typer.echo(f"picture written to {path}")
