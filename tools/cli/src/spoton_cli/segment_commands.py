"""`spoton segments`: put video into the line by hand."""

import uuid
from pathlib import Path
from typing import Annotated

import typer
from spoton_local import Layout, find_state_dir
from spoton_schemas.records import Segment
from spoton_schemas.topics import SEGMENTS

from spoton_cli import file_roots, records

app = typer.Typer(no_args_is_help=True, help="Put video into the line by hand.")


@app.callback()
def segments() -> None:
    """Put video into the line by hand."""


@app.command(epilog="Example: spoton segments produce clip.mp4 --environment hall --camera c0")
def produce(
    video: Annotated[str, typer.Argument(help="A local path, file:// or s3:// URI.")],
    environment: Annotated[str, typer.Option(help="Environment that the camera belongs to.")],
    camera: Annotated[str, typer.Option(help="Camera that took the video.")],
    task: Annotated[str | None, typer.Option(help="Task to add to; a new one if not given.")] = None,
    batch: Annotated[int, typer.Option(min=0, help="Index of this sub-video.")] = 0,
    more: Annotated[bool, typer.Option("--more", help="The camera has further sub-videos.")] = False,
    cameras: Annotated[
        str | None, typer.Option(help="All cameras of the task, by commas; just this one if not given.")
    ] = None,
) -> None:
    """Produce one segment record and print the task's id."""
    uri = video if "://" in video else Path(video).resolve().as_uri()
    file_roots.allow(Layout(find_state_dir()), [uri])
    task_id = task or str(uuid.uuid4())
    segment = Segment(
        task_id=task_id,
        environment_id=environment,
        camera_id=camera,
        sub_video_batch_index=batch,
        uri=uri,
        last=not more,
        camera_ids=tuple(cameras.split(",")) if cameras else (camera,),
    )
    records.produce(SEGMENTS, segment)
    typer.echo(task_id)
