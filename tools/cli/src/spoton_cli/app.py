"""The `spoton` command: one typer application, its commands in modules of their own."""

import sys

import typer
from rich.console import Console
from spoton_local.errors import StackError

from spoton_cli import (
    dead_letter_commands,
    demo_command,
    environment_commands,
    eval_command,
    exporting,
    job_command,
    run_command,
    segment_commands,
    stack_commands,
    task_commands,
    topic_commands,
)
from spoton_cli.errors import CommandError

app = typer.Typer(
    help="SpotOn follows people across many cameras and draws them on one floor map.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
stack_commands.register(app)
run_command.register(app)
job_command.register(app)
demo_command.register(app)
exporting.register(app)
eval_command.register(app)
app.add_typer(environment_commands.app, name="environments")
app.add_typer(task_commands.app, name="tasks")
app.add_typer(segment_commands.app, name="segments")
app.add_typer(topic_commands.app, name="topics")
app.add_typer(dead_letter_commands.app, name="dead-letters")


def main() -> None:
    """Run the command; an error that a user can act on is shown as its message, without a traceback."""
    try:
        app()
    except (StackError, CommandError) as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
