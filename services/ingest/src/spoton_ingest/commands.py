"""Which tasks are paused or stopped, as the ``commands`` topic says."""

from dataclasses import dataclass, field

from spoton_schemas.records import Command, CommandName, StatusKind

_EFFECTS = {
    CommandName.PAUSE: StatusKind.PAUSED,
    CommandName.RESUME: StatusKind.RESUMED,
    CommandName.STOP: StatusKind.STOPPED,
}

_MOST_REMEMBERED = 100_000  # a repeat follows its original within seconds


@dataclass(slots=True)
class CommandTable:
    """State of every task that was ever commanded; a repeated command changes nothing."""

    _seen: dict[str, None] = field(default_factory=dict)
    _in_force: dict[str, StatusKind] = field(default_factory=dict)

    def take(self, command: Command) -> StatusKind | None:
        """Note a command and return what it changed, if anything."""
        effect = _EFFECTS.get(command.command)
        if effect is None or command.command_id in self._seen or self.stopped(command.task_id):
            return None
        self._seen[command.command_id] = None
        if len(self._seen) > _MOST_REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self._in_force[command.task_id] = effect
        return effect

    def in_force(self, task_id: str) -> StatusKind | None:
        """Return what the last command made of a task; None if there was none."""
        return self._in_force.get(task_id)

    def paused(self, task_id: str) -> bool:
        """Tell whether a task is held."""
        return self.in_force(task_id) is StatusKind.PAUSED

    def stopped(self, task_id: str) -> bool:
        """Tell whether a task was ended early; that is for good."""
        return self.in_force(task_id) is StatusKind.STOPPED
