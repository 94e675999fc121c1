"""The spoton command."""
