"""`python -m spoton_cli` is `spoton`."""

from spoton_cli.app import main

main()
