"""What the stack needs to know of a server or a service."""

from collections.abc import Callable
from typing import Protocol

from spoton_local.processes import Launch

Report = Callable[[str], None]
"""Takes one short line on what is being done, for the progress display."""


class Component(Protocol):
    """One process of the stack."""

    @property
    def name(self) -> str:
        """Its name in `spoton status`, of its log and its pid file."""

    @property
    def ports(self) -> dict[str, int]:
        """The loopback ports it listens on, by the name of their setting (see `Ports`)."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The components that must be ready before it starts."""

    @property
    def ready_timeout_s(self) -> float:
        """From start to ready at most."""

    def prepare(self, report: Report) -> None:
        """Download, format, repair: whatever must be so before the process starts. Run twice, it does nothing."""

    def launch(self) -> Launch:
        """Return the command; the same settings give an equal one."""

    def check(self) -> None:
        """Ask the running process whether it serves.

        Raises:
            NotReady: not yet; the message says what is missing.

        """

    def finish(self) -> None:
        """Whatever needs the ready process: databases, extensions. Run twice, it does nothing."""
