"""``python -m spoton_cli``."""

from spoton_cli.app import main

main()
