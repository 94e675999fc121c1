"""A running line, as the tests see it."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spoton_local import Connections

Spoton = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Line:
    """A running line and its command."""

    connections: Connections
    spoton: Spoton

    def run(self, environment_id: str, *options: str) -> dict[str, Any]:
        """Run an environment and return the report, whatever the exit status."""
        report: dict[str, Any] = json.loads(self.spoton("run", environment_id, "--json", *options).stdout)
        return report
