"""The servers and services of one machine, as plain processes."""

from spoton_local.connections import Connections, connections
from spoton_local.layout import Layout, find_state_dir

__all__ = ["Connections", "Layout", "connections", "find_state_dir"]
