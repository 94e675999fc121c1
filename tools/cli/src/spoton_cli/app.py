"""The `spoton` command: one typer application, its commands in modules of their own."""

import sys

import typer
from rich.console import Console
from spoton_local.errors import StackError

from spoton_cli import stack_commands

app = typer.Typer(
    help="SpotOn follows people across many cameras and draws them on one floor map.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
stack_commands.register(app)


def main() -> None:
    """Run the command; an error that a user can act on is shown as its message, without a traceback."""
    try:
        app()
    except StackError as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
