"""Print the running stack's settings for a shell: `eval "$(python -m spoton_local.environment)"`."""

import shlex
import sys

from spoton_local.connections import connections


def main() -> None:
    """Print one export a line, passwords included."""
    for name, value in connections().as_environment().items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


if __name__ == "__main__":
    main()
