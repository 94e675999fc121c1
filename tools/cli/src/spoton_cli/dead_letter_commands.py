"""`spoton dead-letters`: what stages could not use, why, and once more."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from spoton_local import connections
from spoton_schemas.codec import Codec
from spoton_schemas.topics import TOPICS

from spoton_cli.dead_letters import DeadLetters, Filter, Letter, parse_since
from spoton_cli.errors import CommandError
from spoton_cli.letter_views import as_row, as_table, content_of, header_lines, printable

app = typer.Typer(no_args_is_help=True, help="Records that a stage could not use: look at them, send them again.")

_WIDE = 160  # columns, where the output is no terminal

Reason = Annotated[str | None, typer.Option(help="Only of this reason, e.g. unknown_environment.")]
TopicName = Annotated[str | None, typer.Option("--topic", help="Only records that came from this topic.")]
StageName = Annotated[str | None, typer.Option("--stage", help="Only those that this stage set aside.")]
Since = Annotated[str | None, typer.Option(help="Only since then: an age (30m, 2h, 7d) or a time (2026-05-01T12:00).")]


@app.callback()
def dead_letters() -> None:
    """Records that a stage could not use: look at them, send them again."""


@app.command("list", epilog="Example: spoton dead-letters list --stage ingest --since 2h")
def list_letters(
    reason: Reason = None,
    topic: TopicName = None,
    stage: StageName = None,
    since: Since = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="Show at most the newest so many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, all of them.")] = False,
) -> None:
    """List dead letters, oldest first."""
    letters = DeadLetters.of_local_stack()
    redriven = letters.redriven()
    rows = [as_row(x, x.origin in redriven) for x in letters.read(_filter(reason, topic, stage, since))]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
        return
    console = Console()
    if not console.is_terminal:
        console.width = _WIDE
    if rows:
        console.print(as_table(rows[-limit:]), markup=False, highlight=False)
    hidden = max(len(rows) - limit, 0)
    typer.echo(f"{len(rows)} dead letters" + (f", the oldest {hidden} not shown (--limit)" if hidden else ""), err=True)


@app.command(epilog="Example: spoton dead-letters show 0:17")
def show(letter_id: Annotated[str, typer.Argument(metavar="ID", help="Dead letter, as `list` shows it.")]) -> None:
    """Show one dead letter: why it lies here, its headers, and what is in it."""
    letters = DeadLetters.of_local_stack()
    letter = letters.get(letter_id)
    burial = letter.burial
    typer.echo(f"dead letter {letter.id} of {letter.written_at.isoformat(timespec='milliseconds')}")
    typer.echo(f"from     {burial.topic}, partition {burial.partition}, offset {burial.offset}")
    typer.echo(f"stage    {burial.stage}")
    typer.echo(f"reason   {burial.reason}")
    typer.echo(f"detail   {printable(burial.detail) if len(burial.detail) < 200 else burial.detail}")
    typer.echo(
        f"key      {'(none)' if letter.key is None else printable(letter.key.decode(errors='backslashreplace'))}"
    )
    if burial.cut_bytes is not None:
        typer.echo(f"cut      it had {burial.cut_bytes} bytes, too many to be kept: only its beginning is here")
    if letter.origin in letters.redriven():
        typer.echo("redriven yes")
    elif letter.times_redriven:
        typer.echo(f"redriven came back after being sent again {letter.times_redriven} times")
    for line in header_lines(letter.headers):
        typer.echo(f"header   {line}")
    typer.echo(f"value    {len(letter.value or b'')} bytes")
    typer.echo(content_of(letter, Codec.connect(connections().registry_url)))


@app.command(
    epilog="Examples: spoton dead-letters redrive 0:17   "
    "spoton dead-letters redrive --reason unknown_environment --since 1d --yes"
)
def redrive(
    letter_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Letters, or use the filters.")
    ] = None,
    reason: Reason = None,
    topic: TopicName = None,
    stage: StageName = None,
    since: Since = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that were sent again before, or came back after that.")
    ] = False,
) -> None:
    """Send dead letters to the topics that they came from, with their own keys and headers, once their cause is gone.

    None is sent twice without --again, nor one that came back; the header spoton-redriven counts.
    """
    letters = DeadLetters.of_local_stack()
    chosen = _choose(letters, letter_ids or [], _filter(reason, topic, stage, since))
    fit, left_out = _sort(chosen, letters.redriven(), again)
    for why, count in sorted(left_out.items()):
        typer.echo(f"left out: {count} {why}", err=True)
    if not fit:
        typer.echo("nothing to send", err=True)
        return
    for (to, why), count in sorted(Counter((x.burial.topic, x.burial.reason) for x in fit).items()):
        typer.echo(f"{count} to {to} ({why})", err=True)
    if not yes and not typer.confirm(f"Send {len(fit)} records again?"):
        raise typer.Exit(1)
    typer.echo(f"{letters.redrive(fit)} records sent again")


def _filter(reason: str | None, topic: str | None, stage: str | None, since: str | None) -> Filter:
    if topic is not None and topic not in TOPICS:
        raise CommandError(f"there is no topic {topic!r}: {', '.join(TOPICS)}")
    return Filter(reason, topic, stage, parse_since(since, datetime.now(UTC)) if since else None)


def _choose(letters: DeadLetters, ids: list[str], wanted: Filter) -> list[Letter]:
    if ids and wanted != Filter():
        raise CommandError("give either ids or filters, not both")
    if not ids and wanted == Filter():
        raise CommandError(
            "say which letters: ids, or a filter (--reason, --topic, --stage, --since); `spoton dead-letters list` "
            "shows them"
        )
    return [letters.get(letter_id) for letter_id in ids] if ids else list(letters.read(wanted))


def _sort(chosen: list[Letter], redriven: set[str], again: bool) -> tuple[list[Letter], Counter[str]]:
    """Return one letter for each record that may be sent, and how many of the others there are and why."""
    fit: dict[str, Letter] = {}
    left_out: Counter[str] = Counter()
    for letter in chosen:
        if letter.burial.topic not in TOPICS:
            left_out["not from a topic of records (a state that could not be read: run its task again)"] += 1
        elif letter.burial.cut_bytes is not None:
            left_out["too large to have been kept whole"] += 1
        elif letter.origin in fit:
            left_out["set aside twice"] += 1
        elif letter.origin in redriven and not again:
            left_out["sent again before (--again sends them once more)"] += 1
        elif letter.times_redriven and not again:
            left_out["came back after they were sent again (--again sends them once more)"] += 1
        else:
            fit[letter.origin] = letter
    return list(fit.values()), left_out
