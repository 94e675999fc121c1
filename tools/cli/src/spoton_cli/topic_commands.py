"""`spoton topics`: look into Kafka."""

from typing import Annotated

import typer
from spoton_schemas.topics import TOPICS

from spoton_cli import records
from spoton_cli.errors import CommandError

app = typer.Typer(no_args_is_help=True, help="Look into the topics.")


@app.callback()
def topics() -> None:
    """Look into the topics."""


@app.command(epilog="Example: spoton topics tail map-points --task 4f0c… --follow | jq .value.people")
def tail(
    topic: Annotated[str, typer.Argument(help=f"One of {', '.join(TOPICS)}.")],
    task: Annotated[str | None, typer.Option(help="Only records of this task.")] = None,
    camera: Annotated[str | None, typer.Option(help="Only records of this camera.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only records of this kind, e.g. FRAME or END_OF_TASK.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for new records.")] = False,
    new_only: Annotated[bool, typer.Option("--new-only", help="Leave out what is there already.")] = False,
    limit: Annotated[int | None, typer.Option("-n", "--limit", min=1, help="Stop after so many records.")] = None,
) -> None:
    """Print a topic's records, decoded, one JSON object a line; binary content is shown by its size."""
    known = records.topic_named(topic)
    if known is None:
        raise CommandError(f"there is no topic {topic!r}: {', '.join(TOPICS)}")
    wanted = records.Filter(task, camera, kind)
    for number, record in enumerate(records.tail(known, wanted, not new_only, follow or new_only), 1):
        typer.echo(records.as_line(record))
        if number == limit:
            break
